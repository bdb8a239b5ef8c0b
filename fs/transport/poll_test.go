package transport

import "testing"

// Where the runtime sends no signals, workers must not wait without its knowledge.
func TestPreemptedWith(t *testing.T) {
	for settings, want := range map[string]bool{
		"":                                    true,
		"gctrace=1":                           true,
		"asyncpreemptoff=0":                   true,
		"asyncpreemptoff=1":                   false,
		"gctrace=1,asyncpreemptoff=1":         false,
		"asyncpreemptoff=1,gccheckmark=1":     false,
		"asyncpreemptoff=1,asyncpreemptoff=0": true,
	} {
		if got := preemptedWith(settings); got != want {
			t.Errorf("GODEBUG=%s: %v, want %v", settings, got, want)
		}
	}
}
