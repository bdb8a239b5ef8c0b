package fs

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/transport"
)

// However many read files that make them wait for an hour, others read on, on the same
// CPU as well, and over rings, too.
func TestSlowReadersHoldUpNobody(t *testing.T) {
	for _, kind := range []transport.Kind{transport.Dev, transport.Uring} {
		t.Run(string(kind), func(t *testing.T) {
			m := mountTest(t, kind)
			onCPU0 := func(args ...string) *exec.Cmd {
				return exec.Command("taskset", append([]string{"-c", "0"}, args...)...)
			}
			const readers = 40
			type result struct {
				text string
				err  error
			}
			results := make(chan result, readers)
			var cmds []*exec.Cmd
			for range readers {
				cmd := onCPU0("dd", "if="+m.dir+"/1G,latency=3600s", "of=/dev/null", "bs=64K", "count=1")
				var text bytes.Buffer
				cmd.Stderr = &text
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				cmds = append(cmds, cmd)
				go func() {
					err := cmd.Wait()
					results <- result{text.String(), err}
				}()
			}
			kill := func() {
				for _, cmd := range cmds {
					cmd.Process.Kill()
				}
			}
			defer kill()
			// Over rings, those beyond the bound do not wait.
			refused := 0
			if kind == transport.Uring {
				for range readers - 16 {
					r := <-results
					if r.err == nil || !strings.Contains(r.text, "Device or resource busy") {
						t.Errorf("a reader of a slow file: %v, %s", r.err, r.text)
					}
					refused++
				}
			}
			for range 20 {
				reader := onCPU0("dd", "if="+m.dir+"/data", "of=/dev/null", "bs=1M", "count=20")
				watchdog := time.AfterFunc(patience, func() { reader.Process.Kill(); kill() })
				if out, err := reader.CombinedOutput(); err != nil {
					t.Fatalf("a reader of another file: %v\n%s", err, out)
				}
				watchdog.Stop()
			}
			kill()
			for range readers - refused {
				if r := <-results; r.err == nil {
					t.Errorf("a reader of a slow file did not wait: %s", r.text)
				}
			}
		})
	}
}
