package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHelperNames(t *testing.T) {
	for name, want := range map[string]bool{
		"mount.dgenfs": true, "/sbin/mount.dgenfs": true, "/usr/sbin/mount.fuse.dgenfs": true,
		"dgenfs": false, "/usr/bin/dgenfs": false, "mount": false, "mount.fuse": false, "mount.dgenfs2": false, "": false,
	} {
		if got := isMountHelper(name); got != want {
			t.Errorf("isMountHelper(%q) = %v", name, got)
		}
	}
}

// What mount(8) calls a helper with becomes arguments of the command mount.
func TestHelperArguments(t *testing.T) {
	tests := []struct {
		args string // separated by blanks
		want string
	}{
		{"dgenfs /mnt", "-- dgenfs /mnt"},
		{"none /mnt -o rw", "-- none /mnt"},
		{"dgenfs /mnt -o ro,size=1M", "-o ro,size=1M -- dgenfs /mnt"},
		{"dgenfs /mnt -s -n -v -o rw,size=1M", "-o size=1M -- dgenfs /mnt"},
		{"dgenfs /mnt -nvs -o rw", "-- dgenfs /mnt"},
		{"-n dgenfs -o rw /mnt -t fuse.dgenfs", "-- dgenfs /mnt"},
		{"dgenfs /mnt -o size=1M -o seed=2", "-o size=1M,seed=2 -- dgenfs /mnt"},
		{"dgenfs /mnt -o rw,noexec,nosuid,nodev,size=1M,user,nofail,_netdev", "-o noexec,size=1M -- dgenfs /mnt"},
		{"dgenfs /mnt -o rw,suid,dev,exec,auto,async,noatime,relatime", "-o exec -- dgenfs /mnt"},
		{"dgenfs /mnt -o defaults,user=joe,comment=x,x-systemd.automount,x-systemd.requires=/a,x-gvfs-hide,X-mount.mkdir=0755", "-- dgenfs /mnt"},
		{"dgenfs /mnt -o allow_other,default_permissions,max_read=131072", "-o allow_other,max_read=131072 -- dgenfs /mnt"},
		{`dgenfs /mnt -o size=1M\,seed=3,uid=7`, `-o size=1M\,seed=3,uid=7 -- dgenfs /mnt`},
		{`dgenfs /mnt -o rw,file="a:1M,seed=3",uid=7`, `-o file=a:1M\,seed=3,uid=7 -- dgenfs /mnt`},
		{`dgenfs /mnt -o log=\"x`, `-o log=\"x -- dgenfs /mnt`},
		{"dgenfs /mnt -o nope,size=1M", "-o nope,size=1M -- dgenfs /mnt"}, // which refuses it
		{"dgenfs /mnt -s -o nope,size=1M,not=this,remount", "-o size=1M,remount -- dgenfs /mnt"},
		{"-- -a -b", "-- -a -b"},
	}
	for _, test := range tests {
		c, err := parseHelper(strings.Fields(test.args))
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
			continue
		}
		if got := strings.Join(c.mountArgs(), " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.args, got, test.want)
		}
		// In another name space, the same is meant.
		again, err := parseHelper(c.helperArgs())
		if err != nil || !slices.Equal(again.mountArgs(), c.mountArgs()) || again.sloppy != c.sloppy || again.verbose != c.verbose {
			t.Errorf("%s: once more, %q, %v", test.args, c.helperArgs(), err)
		}
	}
}

func TestHelperStatus(t *testing.T) {
	dir := t.TempDir()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args   string
		status int
		stdout string
		names  string // in standard error; "" means that it is empty
	}{
		{"--help", 0, "mount.dgenfs SOURCE", ""},
		{"dgenfs {dir} -f", 0, "", ""},
		{"dgenfs {dir} -f -v -o rw", 0, "dgenfs: dgenfs mounted on {dir}, read-only\n", ""},
		{"dgenfs {dir} -f -s -o rw,nope", 0, "", ""},
		{"dgenfs {dir} -f -o mode=0555,noexec,exec", 0, "", ""},
		{"dgenfs {dir} -f -o rw,nope", 1, "", "nope"},
		{"dgenfs {dir} -f -o size=1X", 1, "", "1X"},
		{"dgenfs {dir} -f -s -o remount", 1, "", "remount"},
		{"dgenfs {dir} -f -t ext4", 1, "", "--types ext4"},
		{"dgenfs {dir} -f -x", 1, "", "-x"},
		{"dgenfs {dir} -f -N /nowhere", 1, "", "-N /nowhere"},
		{"dgenfs {dir} -f -N 999999999", 1, "", "-N 999999999"},
		{"dgenfs", 1, "", "MOUNTPOINT"},
		{"dgenfs {dir} {dir}", 1, "", "MOUNTPOINT"},
		{"dgenfs {dir}/missing", 32, "", "missing"},
		{"dgenfs {dir}/missing -f", 32, "", "missing"},
		{"dgenfs {full} -f", 32, "", "not empty"},
		{"dgenfs /proc", 32, "", "busy"},
		{"dgenfs /dev/fd/99 -f", 32, "", "/dev/fd/99"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			replace := strings.NewReplacer("{dir}", dir, "{full}", full)
			var stdout, stderr bytes.Buffer
			if status := runMountHelper(strings.Fields(replace.Replace(test.args)), &stdout, &stderr); status != test.status {
				t.Errorf("exit status %d, want %d", status, test.status)
			}
			if !strings.HasPrefix(stdout.String(), replace.Replace(test.stdout)) || test.stdout == "" && stdout.Len() > 0 {
				t.Errorf("standard output %q", &stdout)
			}
			text := stderr.String()
			if test.names == "" && text != "" || test.names != "" && (!strings.HasPrefix(text, "dgenfs: ") || !strings.Contains(text, test.names) || strings.Count(text, "\n") != 1) {
				t.Errorf("standard error %q", text)
			}
		})
	}
}
