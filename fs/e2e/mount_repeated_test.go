//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// E2E_MOUNTS=1000 makes it as many as the short form leaves out.
func TestManyMounts(t *testing.T) {
	n := 60
	if text := os.Getenv("E2E_MOUNTS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			t.Fatalf("E2E_MOUNTS=%s: want a number", text)
		}
	}
	dir := t.TempDir()
	for i := range n {
		if r := dgenfs(t, "--size", "1M", dir); r.status != 0 {
			t.Fatalf("mount %d: %s", i, r.stderr)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "data")); len(got) != 1<<20 || err != nil {
			t.Errorf("mount %d: %d bytes, %v", i, len(got), err)
		}
		if r := dgenfs(t, "umount", dir); r.status != 0 {
			t.Fatalf("umount %d: %s", i, r.stderr)
		}
	}
	awaitNoServer(t, dir, 5*time.Second)
}

// A mount that nobody reads takes no time of a CPU.
func TestIdle(t *testing.T) {
	dir := mount(t)
	pid := theServer(t, dir)
	output(t, "dd", "if="+dir+"/64M", "of=/dev/null", "bs=4K", "status=none")
	time.Sleep(300 * time.Millisecond)
	before := ticks(t, pid)
	time.Sleep(1500 * time.Millisecond)
	if used := ticks(t, pid) - before; used > 2 {
		t.Errorf("idle, the server used %d ticks of 10 ms in 1.5 s", used)
	}
}
