//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A test is skipped by skipNeeds alone, so that a skip always reads
//
//	needs WHAT
//
// and a list of the skips that are allowed somewhere can match it. WHAT is one of
//
//	root
//	TOOL, which is not installed        a failure with E2E_ALL_TOOLS
//	FUSE over io_uring, which is off    or: which this kernel does not have
//	io_uring                            for readers of a mount
//	tmpfs, overlayfs, autofs, loop devices, network namespaces
//	fio with --client
//	/PATH, which is taken               for a link to the program, or not to meet another one
//	/etc/fuse.conf without user_allow_other

func skipNeeds(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Skipf("needs "+format, args...)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		skipNeeds(t, "root")
	}
}

// need skips a test whose tool is not installed. scripts/test.sh installs all of
// them and sets E2E_ALL_TOOLS, and then a missing one is a failure.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("E2E_ALL_TOOLS") != "" {
			t.Fatalf("needs %s, which is not installed, and E2E_ALL_TOOLS is set", tool)
		}
		skipNeeds(t, "%s, which is not installed", tool)
	}
}

const enableUring = "/sys/module/fuse/parameters/enable_uring"

// uringIsOn reports whether the kernel offers FUSE over io_uring.
func uringIsOn() bool {
	text, err := os.ReadFile(enableUring)
	return err == nil && bytes.HasPrefix(text, []byte("Y"))
}

func needUring(t *testing.T) {
	t.Helper()
	if uringIsOn() {
		return
	}
	why := "is off"
	if _, err := os.Stat(enableUring); err != nil {
		why = "this kernel does not have"
	}
	skipNeeds(t, "FUSE over io_uring, which %s", why)
}

// overTransports runs a test over each transport, or over that in E2E_TRANSPORT.
func overTransports(t *testing.T, test func(t *testing.T, transport string)) {
	transports := []string{"dev", "uring"}
	if only := os.Getenv("E2E_TRANSPORT"); only != "" {
		transports = []string{only}
	}
	for _, transport := range transports {
		t.Run(transport, func(t *testing.T) {
			if transport == "uring" {
				needUring(t)
			}
			test(t, transport)
		})
	}
}

// needFuseConfWithoutAllowOther skips a test where /etc/fuse.conf lets users pass
// allow_other.
func needFuseConfWithoutAllowOther(t *testing.T) {
	t.Helper()
	conf, _ := os.ReadFile("/etc/fuse.conf")
	for line := range strings.Lines(string(conf)) {
		if strings.TrimSpace(line) == "user_allow_other" {
			skipNeeds(t, "/etc/fuse.conf without user_allow_other")
		}
	}
}

// needUnused skips a test where a path is in use that the test would take, or where
// another program there would be found instead of the one under test.
func needUnused(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			skipNeeds(t, "%s, which is taken", path)
		}
	}
}
