//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A mount of the tree file of a directory has the same names and sizes, and with
// --anonymous the same sizes.
func TestTreeLikeADirectory(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a", " lead", "trail ", "#hash", `"quoted"`, `back\slash`, "{0..9}", "new\nline", "\xff", "d/e/f.txt", "d/e/g.txt", "d/ x/#y"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 1000*i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "empty \xfe/d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"--anonymous"}} {
		text := output(t, program, append([]string{"tree", "--like", dir}, args...)...)
		mnt := t.TempDir()
		unmountAtEnd(t, mnt)
		cmd := command(t, program, "--tree", "-", mnt)
		cmd.Stdin = strings.NewReader(text)
		if r := try(t, cmd); r.status != 0 {
			t.Fatalf("%+v\n%s", r, text)
		}
		format := "%P %s"
		if args != nil {
			format = "%d %s" // how deep it is
		}
		for _, kind := range []string{"f", "d"} {
			if kind == "d" {
				format = fmt.Sprint(strings.Fields(format)[0])
			}
			if got, want := found(t, mnt, format, "-type", kind), found(t, dir, format, "-type", kind); !slices.Equal(got, want) {
				t.Errorf("%q: %q, want %q\n%s", args, got, want, text)
			}
		}
	}
}
