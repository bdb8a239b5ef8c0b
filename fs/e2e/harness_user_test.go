//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// testUser is made for the time of a test. Each run has its own, dgenfs-test-PID, which
// scripts/test.sh removes if a run was killed.
var testUser = fmt.Sprintf("dgenfs-test-%d", os.Getpid())

// asUser makes a user with a home and returns a function that makes commands
// of that user, and the home.
func asUser(t *testing.T) (as func(name string, args ...string) *exec.Cmd, home string) {
	t.Helper()
	needRoot(t) // all of these tests run as another user already, where they do not run as root
	need(t, "useradd", "userdel", "fusermount3")
	if info, err := os.Stat("/dev/fuse"); err != nil || info.Mode().Perm()&0o006 != 0o006 {
		t.Fatalf("/dev/fuse must be readable and writable for all users, as udev makes it: chmod 666 /dev/fuse (%v)", err)
	}
	root, err := os.MkdirTemp("", "dgenfs-home-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	os.Chmod(root, 0o755)
	home = filepath.Join(root, testUser)
	output(t, "useradd", "--create-home", "--home-dir", home, "--shell", "/bin/sh", testUser)
	t.Cleanup(func() {
		// Not before the last of its processes has gone.
		await(t, "the user is removed", func() bool { return try(t, command(t, "userdel", testUser)).status == 0 })
	})
	account, err := user.Lookup(testUser)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(account.Uid)
	gid, _ := strconv.Atoi(account.Gid)
	return func(name string, args ...string) *exec.Cmd {
		cmd := command(t, name, args...)
		cmd.Dir = home
		cmd.Env = []string{"HOME=" + home, "USER=" + testUser, "PATH=/usr/bin:/bin", "TMPDIR=" + home}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return cmd
	}, home
}

// asNobody runs a command as somebody else.
func asNobody(t *testing.T, name string, args ...string) result {
	t.Helper()
	cmd := command(t, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return try(t, cmd)
}
