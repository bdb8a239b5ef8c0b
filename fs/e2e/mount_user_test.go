//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestOtherUsers(t *testing.T) {
	as, home := asUser(t)
	os.Chmod(home, 0o755) // so that only the mount keeps others out
	for _, name := range []string{"mnt", "with space, and comma", `back\slash`, "new\nline"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(home, name)
			if r := try(t, as("mkdir", dir)); r.status != 0 {
				t.Fatal(r.stderr)
			}
			if r := try(t, as(program, "--seed", "4", "my, source", dir)); r != (result{}) {
				t.Fatalf("mounting: %+v", r)
			}
			unmountAtEnd(t, dir)
			if m, ok := mountedAt(t, dir); !ok || m.kind != fsType || m.source != "my, source" {
				t.Errorf("the mount table says %+v, %v", m, ok)
			}
			want := piece(t, generator(t, "1000003,dedup=2", 4, "1000003,dedup=2", 1), 0, 1000003)
			same(t, "read by its owner", []byte(try(t, as("cat", dir+"/1000003,dedup=2")).stdout), want)
			if r := try(t, as("stat", "-c", "%U", dir+"/1M")); r.stdout != testUser+"\n" {
				t.Errorf("the files belong to %+v", r)
			}
			for who, r := range map[string]result{"nobody": asNobody(t, "cat", dir+"/1M"), "root": try(t, command(t, "cat", dir+"/1M"))} {
				if r.status == 0 || !strings.Contains(r.stderr, "ermission denied") {
					t.Errorf("%s: exit status %d, %q; want permission denied", who, r.status, r.stderr)
				}
			}
			if r := try(t, as(program, dir)); r.status != 1 || !strings.Contains(r.stderr, "busy") {
				t.Errorf("mounting once more: %+v", r)
			}
			if r := asNobody(t, program, "umount", dir); r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !mounted(t, dir) {
				t.Errorf("umount by somebody else: %+v", r)
			}
			reader := start(t, as("sh", "-c", `exec sleep infinity <"$0"`, filepath.Join(dir, "1G")))
			awaitReading(t, dir, reader)
			if r := try(t, as(program, "umount", dir)); r.status != 1 || !strings.Contains(r.stderr, "--lazy") {
				t.Errorf("umount of a busy mount: %+v", r)
			}
			syscall.Kill(reader.pid, syscall.SIGKILL)
			reader.wait(t)
			if r := try(t, as(program, "umount", dir)); r != (result{}) {
				t.Errorf("umount: %+v", r)
			}
			awaitNoServer(t, dir)
		})
	}
	t.Run("signal", func(t *testing.T) {
		dir := filepath.Join(home, "mnt")
		if r := try(t, as(program, dir)); r.status != 0 {
			t.Fatal(r.stderr)
		}
		unmountAtEnd(t, dir)
		syscall.Kill(theServer(t, dir), syscall.SIGTERM)
		awaitNoServer(t, dir)
		if mounted(t, dir) {
			t.Error("still mounted")
		}
	})
	t.Run("killed server", func(t *testing.T) {
		dir := filepath.Join(home, "mnt")
		if r := try(t, as(program, dir)); r.status != 0 {
			t.Fatal(r.stderr)
		}
		unmountAtEnd(t, dir)
		killServer(t, dir)
		if r := try(t, as(program, "umount", dir)); r != (result{}) || mounted(t, dir) {
			t.Errorf("umount: %+v", r)
		}
	})
	t.Run("run", func(t *testing.T) {
		r := try(t, as(program, "run", "--", "head", "-c", "100", "{}/1M"))
		if r.status != 0 || len(r.stdout) != 100 {
			t.Errorf("%+v", r)
		}
		// The user's TMPDIR is the home, which has the directories of the tests above.
		if left := leftIn(t, home); strings.Contains(left, home+"/dgenfs-") || strings.Contains(left, "a mount") || strings.Contains(left, "server") {
			t.Errorf("left behind: %s", left)
		}
	})
	t.Run("allow other", func(t *testing.T) {
		needFuseConfWithoutAllowOther(t)
		r := try(t, as(program, "--allow-other", filepath.Join(home, "mnt")))
		if r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, "user_allow_other") || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("no permission", func(t *testing.T) {
		dir := filepath.Join(filepath.Dir(home), "roots")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		r := try(t, as(program, dir))
		if r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: mounting on "+dir) || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("mounting on root's directory: %+v", r)
		}
	})
	t.Run("no fusermount3", func(t *testing.T) {
		cmd := as(program, filepath.Join(home, "mnt"))
		cmd.Env = append(cmd.Env, "PATH=/nowhere")
		r := try(t, cmd)
		if r.status != 1 || !strings.Contains(r.stderr, "install") || !strings.Contains(r.stderr, "fuse3") {
			t.Errorf("%+v", r)
		}
	})
}

// Only root can read what root mounts, unless --allow-other lets others do so.
func TestAllowOther(t *testing.T) {
	needRoot(t)
	base, err := os.MkdirTemp("", "dgenfs-open-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	os.Chmod(base, 0o755)
	for _, allowed := range []bool{false, true} {
		dir := filepath.Join(base, strconv.FormatBool(allowed))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		mountAt(t, dir, "--allow-other="+strconv.FormatBool(allowed))
		if r := asNobody(t, "cat", dir+"/1M"); (r.status == 0 && len(r.stdout) == 1<<20) != allowed {
			t.Errorf("--allow-other=%v: exit status %d, %d bytes, %s", allowed, r.status, len(r.stdout), r.stderr)
		}
	}
}

func TestModeOfAMount(t *testing.T) {
	for allowOther, control := range map[string][2]string{"false": {"500", "400"}, "true": {"550", "440"}} {
		dir := mount(t, "--mode", "0440", "--file", "d/x:1K", "--allow-other="+allowOther)
		for path, want := range map[string]string{"": "550", "/d": "550", "/d/x": "440", "/1K": "440", "/.dgenfs": control[0], "/.dgenfs/config": control[1]} {
			if got := strings.TrimSpace(output(t, "stat", "-c", "%a", dir+path)); got != want {
				t.Errorf("--allow-other=%s: %s has mode %s, want %s", allowOther, path, got, want)
			}
		}
	}
}

// With allow_other, the mode decides whether other users can read.
func TestModeForOthers(t *testing.T) {
	needRoot(t)
	open, err := os.MkdirTemp("", "dgenfs-mode-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(open) })
	os.Chmod(open, 0o755)
	mountAt(t, open, "-o", "mode=0404,allow_other")
	if r := asNobody(t, "cat", open+"/1K"); r.status != 0 || len(r.stdout) != 1<<10 {
		t.Errorf("others: exit status %d, %s", r.status, r.stderr)
	}
	if r := dgenfs(t, "umount", open); r.status != 0 {
		t.Fatal(r.stderr)
	}
	awaitNoServer(t, open)
	mountAt(t, open, "-o", "mode=0440,allow_other")
	if r := asNobody(t, "cat", open+"/1K"); r.status == 0 || !strings.Contains(r.stderr, "ermission denied") {
		t.Errorf("others: exit status %d, %s", r.status, r.stderr)
	}
}
