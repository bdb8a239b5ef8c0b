//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"
)

// On a terminal, or with --verbose, a mount says what there is and where to look. It
// prints nothing elsewhere, where scripts would take it for a warning.
func TestWelcome(t *testing.T) {
	need(t, "script")
	dir := t.TempDir()
	quoted := func(args ...string) string { return "'" + strings.Join(args, "' '") + "'" }
	on := output(t, "script", "-qec", quoted(program, "--size", "3M", dir), "/dev/null")
	unmountAtEnd(t, dir)
	for _, want := range []string{"1 file in 1 directory, 3 MiB", dir + "/.dgenfs/config", "log: ", "dgenfs umount " + dir} {
		if !strings.Contains(on, want) {
			t.Errorf("on a terminal, %q is missing in %q", want, on)
		}
	}
	other := t.TempDir()
	r := dgenfs(t, "-v", "--log", os.DevNull, other)
	unmountAtEnd(t, other)
	if r.status != 0 || r.stdout != "" || !strings.Contains(r.stderr, "transport: ") || !strings.Contains(r.stderr, "log: /dev/null") {
		t.Errorf("--verbose: %+v", r)
	}
	quiet := t.TempDir()
	r = dgenfs(t, quiet)
	unmountAtEnd(t, quiet)
	if r != (result{}) {
		t.Errorf("elsewhere: %+v", r)
	}
}

// cat says how far it is, where somebody may wait for it.
func TestProgressOfCat(t *testing.T) {
	r := try(t, command(t, "bash", "-c", `"$0" cat --progress 1E | { sleep 3; head -c 8000000; } | wc -c`, program))
	if !strings.Contains(r.stderr, " of 1 EiB, ") || strings.TrimSpace(r.stdout) != "8000000" {
		t.Errorf("%+v", r)
	}
	r = try(t, command(t, "bash", "-c", `"$0" cat 3M | { sleep 3; wc -c; }`, program))
	if r.stderr != "" || strings.TrimSpace(r.stdout) != "3145728" {
		t.Errorf("without a terminal: %+v", r)
	}
}
