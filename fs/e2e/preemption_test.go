//go:build e2e

package e2e

import (
	"path/filepath"
	"strconv"
	"testing"
)

// A server whose Go runtime may not send its threads signals can collect its garbage all the
// same while its workers wait. Opening files with textures makes a lot of it.
func TestNoPreemption(t *testing.T) {
	t.Setenv("GODEBUG", "asyncpreemptoff=1")
	overTransports(t, func(t *testing.T, transport string) {
		dir := mount(t, "--transport", transport)
		for i := range 40 {
			output(t, "cat", filepath.Join(dir, "1M,texture=text,seed="+strconv.Itoa(i)))
		}
	})
}
