//go:build !e2e

package cli

import (
	"fmt"
	"os"
	"testing"
)

// TestMain keeps the test binary from acting as a server: the product starts
// itself once more for that, and itself is this binary here.
func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		fmt.Fprintln(os.Stderr, "a unit test has started a server: tests that mount need the tag e2e")
		os.Exit(1)
	}
	os.Exit(m.Run())
}
