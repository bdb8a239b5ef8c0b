//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Mounting and unmounting many times in a row leaves nothing behind. E2E_MOUNTS says
// how often, 60 times unless given.
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
	awaitNoServer(t, dir)
}

// A mount that nobody reads uses no CPU time.
func TestIdle(t *testing.T) {
	dir := mount(t)
	pid := theServer(t, dir)
	output(t, "dd", "if="+dir+"/64M", "of=/dev/null", "bs=4K", "status=none")
	// What the reads have left to do, such as collecting garbage, takes its time on a
	// busy machine. A server that polls never has such a second.
	await(t, "a second in which the server uses at most 10 ms of a CPU", func() bool {
		before := ticks(t, pid)
		time.Sleep(time.Second)
		return ticks(t, pid)-before <= 1
	})
}
