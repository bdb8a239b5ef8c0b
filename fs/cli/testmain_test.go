package cli

import (
	"fmt"
	"os"
	"testing"

	"github.com/dgenfs/dgenfs/fs/cli/daemon"
)

// TestMain keeps the test binary from acting as a server: the program starts
// itself once more for that, and itself is this binary here.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == daemon.Command {
		fmt.Fprintln(os.Stderr, "a unit test has started a server: tests that mount belong in fs/e2e")
		os.Exit(1)
	}
	os.Exit(m.Run())
}
