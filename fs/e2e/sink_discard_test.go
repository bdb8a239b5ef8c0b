//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whatever tools copy into a null sink, they succeed, also the second time, and with
// names that the mount has.
func TestDiscardTools(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		s := newSink(t, "--discard", "--transport", transport)
		// What a tree may have beside files.
		for _, script := range []string{`ln -s big link`, `ln big hard`, `mkfifo pipe`, `mkdir -p empty-dir/x`, `truncate -s 100M hole`} {
			output(t, "bash", "-c", `cd "$0" && `+script, s.copy)
		}
		to := filepath.Join(s.dir, "new", "deep", "directory")
		output(t, "mkdir", "-p", to)
		for _, test := range append(sinkTools[:len(sinkTools):len(sinkTools)], []struct{ name, tool, script string }{
			{"rsync with temporary names", "rsync", `rsync -aHAX "$0/" "$1/"`},
			{"rclone with temporary names", "rclone", `rclone --config /dev/null --ignore-checksum --links copy "$0" "$1"`},
			{"mv", "mv", `cp -r "$0" "$2/moved" && mv "$2/moved" "$1/moved" && rm -r "$1/moved"`},
		}...) {
			t.Run(test.name, func(t *testing.T) {
				need(t, test.tool)
				for _, dir := range []string{filepath.Join(to, test.name), s.dir} {
					output(t, "bash", "-c", `cd "$0" && find . -type d -exec mkdir -p "$1"/{} ';'`, s.copy, dir) // which dd and cat do not
					for i := range 2 {
						if test.tool == "restic" && (i > 0 || dir == s.dir) {
							break // that of Debian 12 does not restore links and pipes over others
						}
						r := try(t, command(t, "bash", "-o", "pipefail", "-c", test.script, s.copy, dir, t.TempDir()))
						if r.status != 0 {
							t.Errorf("to %s: exit status %d\n%s%s", dir, r.status, r.stdout, r.stderr)
						}
					}
				}
				if n := strings.TrimSpace(output(t, "bash", "-c", `find "$0" -name "*.bin" | wc -l`, filepath.Join(to, test.name))); n != "5" && test.tool != "mv" {
					t.Errorf("%s names are there", n)
				}
			})
		}
		output(t, "rm", "-r", filepath.Join(s.dir, "new"))
		s.expect(map[string]uint64{"bytes_different": 0, "names_refused": 0, "write_errors": 0})
	})
}

// What was made looks like a file system, whose files are holes.
func TestDiscardedFiles(t *testing.T) {
	dir := mount(t, "--discard")
	output(t, "dd", "if=/dev/zero", "of="+dir+"/file", "bs=1M", "count=300", "conv=fsync")
	if got := output(t, "stat", "-c", "%s %b %h %F", dir+"/file"); got != "314572800 0 1 regular file\n" {
		t.Errorf("stat says %q", got)
	}
	output(t, "bash", "-c", `echo more >>"$0/file"; chmod 600 "$0/file"; touch -d 2001-02-03 "$0/file"; ln -s file "$0/link"; mkdir "$0/d"; mv "$0/file" "$0/d/f"`, dir)
	if got := output(t, "stat", "-c", "%s %a %y", dir+"/d/f"); !strings.HasPrefix(got, "314572805 600 2001-02-03") {
		t.Errorf("stat says %q", got)
	}
	if got := output(t, "bash", "-c", `tail -c 1000 "$0/d/f" | tr -d "\0" | wc -c; readlink "$0/link"; ls "$0/d"; ls "$0" | tail -2`, dir); got != "0\nfile\nf\nd\nlink\n" {
		t.Errorf("the mount has %q", got)
	}
	// cp -a copies the mode, which it sets as an access control list where it can.
	output(t, "bash", "-c", `mkdir "$1/src"; echo x >"$1/src/f"; chmod 444 "$1/src/f"; chmod 555 "$1/src"; cp -a "$1/src" "$0"`, dir, t.TempDir())
	if got := output(t, "stat", "-c", "%a %s", dir+"/src", dir+"/src/f"); got != "555 0\n444 2\n" {
		t.Errorf("cp -a made %q", got)
	}
	output(t, "chmod", "700", dir+"/src")
	output(t, "rm", "-r", dir+"/src")
	if err := syscall.Rmdir(dir + "/d"); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("rmdir: %v", err)
	}
	output(t, "rm", "-r", dir+"/d", dir+"/link")
	need(t, "fio")
	output(t, "fio", "--name=x", "--directory="+dir, "--size=8M", "--nrfiles=4", "--numjobs=3", "--rw=randwrite", "--bs=16K", "--ioengine=libaio", "--direct=1", "--iodepth=16")
	if entry, _ := mountedAt(t, dir); strings.Contains(fmt.Sprint(entry.options), "ro ") {
		t.Errorf("mounted %v", entry.options)
	}
}

// However many names are made and however much is written, the server's memory has a
// bound; others than the mount's owner can make none unless they are let to.
func TestDiscardIsBounded(t *testing.T) {
	dir := mount(t, "--discard")
	pid := theServer(t, dir)
	script := `
import os, sys
for i in range(150000):
    os.close(os.open(sys.argv[1] + "/" + "long name " * 10 + str(i), os.O_CREAT | os.O_WRONLY))
`
	output(t, "python3", "-c", script, dir)
	if got := memory(t, pid, "VmHWM"); got > mostMemory+150<<10 {
		t.Errorf("the server has used %d KiB", got)
	}
	if _, err := os.Stat(dir + "/" + strings.Repeat("long name ", 10) + "149999"); err != nil {
		t.Errorf("the last one: %v", err)
	}
	output(t, "mkdir", "-p", dir+"/x/y")
	output(t, "bash", "-c", `ls -f "$0" | wc -l`, dir)
	needRoot(t)
	base, err := os.MkdirTemp("", "dgenfs-open-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	for _, name := range []string{"", "/other", "/open"} {
		os.MkdirAll(base+name, 0o755)
		os.Chmod(base+name, 0o755)
	}
	other := mountAt(t, base+"/other", "--discard", "--accept-writes", "--allow-other")
	if r := asNobody(t, "touch", other+"/new"); r.status == 0 {
		t.Error("nobody has made a file in a directory that others cannot write")
	}
	open := mountAt(t, base+"/open", "--discard", "--allow-other", "--mode", "0666")
	if r := asNobody(t, "touch", open+"/new"); r.status != 0 {
		t.Errorf("nobody makes a file: %s", r.stderr)
	}
}

// A server that is killed, or unmounted by force, while it is written to leaves no writer
// waiting.
func TestWritersAreNotLeft(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		dir := mount(t, "--discard", "--transport", transport)
		var writers []*spawned
		for i := range 4 {
			writers = append(writers, spawn(t, "dd", "if=/dev/zero", fmt.Sprintf("of=%s/f%d", dir, i), "bs=1M", "status=none"))
		}
		awaitReading(t, dir, writers...)
		killServer(t, dir)
		for _, w := range writers {
			if w.wait(t); w.status.ExitStatus() == 0 {
				t.Error("a writer has succeeded")
			}
		}
	})
}
