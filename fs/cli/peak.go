package cli

import "time"

// watchPeak looks every second at how much is read and written, and returns a function
// that ends this and returns the most that it was, in bytes per second; 0 if no second has
// passed.
func (s *server) watchPeak() (end func() float64) {
	done, peak := make(chan struct{}), make(chan float64)
	go func() {
		most, before, last := 0.0, uint64(0), time.Now()
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-done:
				tick.Stop()
				peak <- most
				return
			case <-tick.C:
			}
			served, now := s.mount.Served(), time.Now()
			all := served.Bytes + served.WriteBytes
			most = max(most, float64(all-before)/now.Sub(last).Seconds())
			before, last = all, now
		}
	}()
	return func() float64 {
		close(done)
		return <-peak
	}
}
