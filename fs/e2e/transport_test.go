//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The transports. Most tests of this package use the default one: scripts/test.sh runs
// them with FUSE over io_uring off, and on.

func TestTransport(t *testing.T) {
	if text := controlConfig(t, mount(t, "--transport", "dev")); !strings.HasPrefix(text, "transport: dev; /dev/fuse was chosen\n") {
		t.Errorf("--transport dev: %s", text)
	}
	text := controlConfig(t, mount(t))
	if uringIsOn() {
		if !strings.HasPrefix(text, "transport: uring\n") {
			t.Errorf("auto with io_uring: %s", text)
		}
		if text := controlConfig(t, mount(t, "--transport", "uring", "--max-read", "4K")); !strings.HasPrefix(text, "transport: uring\n") || !strings.Contains(text, "\nmax-read: 4K\n") {
			t.Errorf("--transport uring --max-read 4K: %s", text)
		}
		return
	}
	if !strings.HasPrefix(text, "transport: dev; ") || !strings.Contains(text, "io_uring") {
		t.Errorf("auto without io_uring does not say why: %s", text)
	}
	dir := t.TempDir()
	r := dgenfs(t, "--transport", "uring", dir)
	if r.status != 1 || !strings.Contains(r.stderr, "FUSE over io_uring is ") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("--transport uring without io_uring: %+v", r)
	}
	if mounted(t, dir) || len(servers(dir)) > 0 {
		t.Error("--transport uring without io_uring: something is left")
	}
}

// The kernel offers FUSE over io_uring, but does not allow rings.
func TestNoRings(t *testing.T) {
	needRoot(t)
	needUring(t)
	const disabled = "/proc/sys/kernel/io_uring_disabled" // older than FUSE over io_uring
	before, err := os.ReadFile(disabled)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(disabled, before, 0) })
	if err := os.WriteFile(disabled, []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	dir := mount(t)
	if text := controlConfig(t, dir); !strings.HasPrefix(text, "transport: dev; ") || !strings.Contains(text, "kernel.io_uring_disabled is 2") {
		t.Errorf("the mount says %s", text)
	}
	output(t, "cat", filepath.Join(dir, "1M"))
	other := t.TempDir()
	if r := dgenfs(t, "--transport", "uring", other); r.status != 1 || !strings.Contains(r.stderr, "kernel.io_uring_disabled is 2") {
		t.Errorf("--transport uring: %+v", r)
	}
	if mounted(t, other) {
		t.Error("--transport uring: mounted nevertheless")
	}
}
