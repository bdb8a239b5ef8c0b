//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A fusermount3 that does not do as it should is reported in one line, and nothing is
// left of it: not a mount, not a server.
func TestFusermountFails(t *testing.T) {
	as, home := asUser(t)
	dir, bin := filepath.Join(home, "mnt"), filepath.Join(home, "bin")
	for _, d := range []string{dir, bin} {
		if r := try(t, as("mkdir", d)); r.status != 0 {
			t.Fatal(r.stderr)
		}
	}
	os.Chmod(home, 0o755)
	for what, test := range map[string]struct{ script, want string }{
		"nothing":       {``, "without sending"},
		"only garbage":  {`printf 'garbage' >&3`, "mounting on"}, // a socket is not written to in this way
		"error":         {`echo "one line" >&2; echo "another" >&2; exit 1`, "one line another"},
		"silent error":  {`exit 77`, "exit status 77"},
		"much":          {`head -c 50000000 /dev/zero | tr '\0' '\033' >&2; exit 1`, `\x1b`},
		"killed":        {`kill -9 $$`, "killed"},
		"closes early":  {`exec 3>&-`, "without sending"},
		"mounts, fails": {`/usr/bin/fusermount3 "$@"; exit 1`, "exit status 1"},
		"mounts twice":  {`/usr/bin/fusermount3 "$@" && /usr/bin/fusermount3 "$@"`, "ermission denied"},
	} {
		for _, mode := range []string{"background", "foreground"} {
			t.Run(what+", "+mode, func(t *testing.T) {
				// What unmounts works.
				script := "#!/bin/sh\ncase $1 in -u*) exec /usr/bin/fusermount3 \"$@\" ;; esac\n" + test.script + "\n"
				if err := os.WriteFile(filepath.Join(bin, "fusermount3"), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
				args := []string{dir}
				if mode == "foreground" {
					args = append(args, "--foreground")
				}
				cmd := as(program, args...)
				cmd.Env = append(cmd.Env, "PATH="+bin+":/usr/bin:/bin")
				r := try(t, cmd)
				oneShortLine(t, what, r, 1)
				if !strings.HasPrefix(r.stderr, "dgenfs: mounting on "+dir) || !strings.Contains(r.stderr, test.want) {
					t.Errorf("%+v; want %q", r, test.want)
				}
				if mounted(t, dir) {
					t.Error("a mount is left behind")
					for mounted(t, dir) {
						detach(dir)
					}
				}
				awaitNoServer(t, dir)
			})
		}
	}
}
