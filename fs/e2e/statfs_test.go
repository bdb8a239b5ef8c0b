//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestStatfs(t *testing.T) {
	var st unix.Statfs_t
	if err := unix.Statfs(mount(t, "--size", "1G", "--files", "100"), &st); err != nil {
		t.Fatal(err)
	}
	// Some multiply by f_bsize, others by f_frsize.
	if total := int64(st.Blocks) * st.Frsize; total != 100<<30 || st.Bsize != st.Frsize || st.Bfree != st.Blocks || st.Bavail != st.Blocks || st.Ffree != st.Files || st.Files != 101 || st.Namelen != 255 {
		t.Errorf("%+v", st)
	}
	if want := int64(unix.ST_RDONLY | unix.ST_NOSUID | unix.ST_NODEV); st.Flags&want != want {
		t.Errorf("flags %#x, want ro, nosuid and nodev among them", st.Flags)
	}
}

// df shows the size of the files, and nothing that monitoring takes for a full disk.
func TestDf(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"--file a{000..999}:1M --file b:1", "1048580096 0 1048580096 0% 1002 0 1002 0%"}, // in blocks of 4096
		{"--file a{000..999}:1M --file b:1 --accept-writes", "1048580096 0 1048580096 0% 1002 0 1002 0%"},
		{"--file a{0..2}:1M --shard 1/3", "1048576 0 1048576 0% 2 0 2 0%"},
		{"--file a:0", "4096 0 4096 0% 2 0 2 0%"},
		{"--file a{000..999}:9223372036854775807", "18446744073709547520 0 18446744073709547520 0% 1001 0 1001 0%"},
		{"--file a:1M --discard", "1152921504607895552 0 1152921504607895552 0% 131074 0 131074 0%"},
	} {
		mnt := mount(t, strings.Fields(test.args)...)
		lines := strings.Split(output(t, "df", "-B1", "--output=size,used,avail,pcent,itotal,iused,iavail,ipcent", mnt), "\n")
		if got := strings.Join(strings.Fields(lines[1]), " "); got != test.want {
			t.Errorf("%s: df says %s, want %s", test.args, got, test.want)
		}
	}
}
