//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// need skips a test whose tool is not installed. scripts/test.sh installs all
// of them and says so, and then a missing one is a failure.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("E2E_ALL_TOOLS") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

const enableUring = "/sys/module/fuse/parameters/enable_uring"

// uringIsOn reports whether the kernel offers FUSE over io_uring.
func uringIsOn() bool {
	text, err := os.ReadFile(enableUring)
	return err == nil && text[0] == 'Y'
}

// overTransports runs a test over each transport that there is.
func overTransports(t *testing.T, test func(t *testing.T, transport string)) {
	for _, transport := range []string{"dev", "uring"} {
		t.Run(transport, func(t *testing.T) {
			if transport == "uring" && !uringIsOn() {
				t.Skip("FUSE over io_uring is off")
			}
			test(t, transport)
		})
	}
}
