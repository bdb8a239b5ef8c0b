//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readAheadKB returns how much the kernel reads ahead of a mount, in KiB.
func readAheadKB(t *testing.T, dir string) string {
	t.Helper()
	fields := strings.Fields(output(t, "mountpoint", "-d", dir))
	text, err := os.ReadFile("/sys/class/bdi/" + fields[0] + "/read_ahead_kb")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestReadAhead(t *testing.T) {
	needRoot(t)
	overTransports(t, func(t *testing.T, transport string) {
		for given, want := range map[string]string{"0": "0", "64K": "64", "1M": "1024", "16M": "16384"} {
			dir := mount(t, "--transport", transport, "--readahead", given)
			if kb := readAheadKB(t, dir); kb != want {
				t.Errorf("--readahead %s: the kernel reads %sK ahead", given, kb)
			}
			if text := controlConfig(t, dir); !strings.Contains(text, "\nreadahead: "+want+"K\n") {
				t.Errorf("--readahead %s: %s", given, text)
			}
		}
	})
	dir := mount(t)
	if text := controlConfig(t, dir); !strings.Contains(text, "\nreadahead: "+readAheadKB(t, dir)+"K; the kernel's default") {
		t.Errorf("without --readahead: %s", text)
	}
}

// Through mount(8), and for dgenfs run.
func TestReadAheadOfOthers(t *testing.T) {
	linkInSbin(t, "mount.dgenfs")
	dir := t.TempDir()
	if r := mount8(t, "-t", "dgenfs", "-o", "readahead=2M", "dgenfs", dir); r != (result{}) {
		t.Fatalf("mount: %+v", r)
	}
	unmountAtEnd(t, dir)
	if kb := readAheadKB(t, dir); kb != "2048" {
		t.Errorf("-o readahead=2M: the kernel reads %sK ahead", kb)
	}
	if r := dgenfs(t, "run", "--readahead", "2M", "--", "cat", "{}/.dgenfs/config"); r.status != 0 || !strings.Contains(r.stdout, "\nreadahead: 2048K\n") {
		t.Errorf("run: %+v", r)
	}
}

// Other users cannot set it, and learn why.
func TestReadAheadWithoutRoot(t *testing.T) {
	as, home := asUser(t)
	dir := filepath.Join(home, "mnt")
	if r := try(t, as("mkdir", dir)); r.status != 0 {
		t.Fatal(r.stderr)
	}
	r := try(t, as(program, "--readahead", "1M", dir))
	if r.status != 2 || !strings.Contains(r.stderr, "only root") || strings.Count(r.stderr, "\n") != 1 || mounted(t, dir) {
		t.Errorf("%+v", r)
	}
}
