//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// listed is what list --json says of a mount.
type listed struct {
	Mountpoint, Source, State string
	PID                       int
	Flags                     []string
	Bytes                     uint64 `json:"read_bytes"`
}

func mountOf(t *testing.T, dir string) listed {
	t.Helper()
	var all []listed
	if err := json.Unmarshal([]byte(output(t, program, "list", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Mountpoint == dir {
			return m
		}
	}
	t.Fatalf("%s is not listed in %+v", dir, all)
	return listed{}
}

// list shows every mount, what its server does, and with what flags, also for one
// that is stopped or dead; umount takes several.
func TestList(t *testing.T) {
	base := t.TempDir()
	dirs := []string{filepath.Join(base, "a"), filepath.Join(base, "b c"), filepath.Join(base, "new\nline")}
	for _, dir := range dirs {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		mountAt(t, dir, "--size", "1M", "-o", "seed=7,noexec")
	}
	if _, err := os.ReadFile(filepath.Join(dirs[1], "data")); err != nil {
		t.Fatal(err)
	}
	m := mountOf(t, dirs[1])
	if m.State != "ok" || m.Source != "dgenfs" || m.PID != theServer(t, dirs[1]) || m.Bytes < 1<<20 || !slices.Equal(m.Flags, []string{"--size=1M", "--seed=7", "-o", "noexec"}) {
		t.Errorf("%+v", m)
	}
	pid := theServer(t, dirs[0])
	syscall.Kill(pid, syscall.SIGSTOP)
	if m := mountOf(t, dirs[0]); m.State != "no answer" || m.PID != pid {
		t.Errorf("stopped: %+v", m)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	awaitNoServer(t, dirs[0])
	if m := mountOf(t, dirs[0]); m.State != "dead" || m.PID != 0 {
		t.Errorf("killed: %+v", m)
	}
	text := output(t, program, "list")
	if !strings.Contains(text, `new\nline`) || strings.Contains(text, "new\nline") {
		t.Errorf("a newline is not escaped: %s", text)
	}
	if r := dgenfs(t, append([]string{"umount"}, dirs...)...); r != (result{}) {
		t.Errorf("umount of three: %+v", r)
	}
	for _, dir := range dirs {
		if mounted(t, dir) {
			t.Errorf("%q is still mounted", dir)
		}
	}
	// One that is wrong does not keep the others.
	mountAt(t, dirs[1])
	if r := dgenfs(t, "umount", dirs[0], dirs[1]); r.status != 2 || !strings.Contains(r.stderr, "nothing is mounted") || mounted(t, dirs[1]) {
		t.Errorf("umount of one that is mounted and one that is not: %+v", r)
	}
}
