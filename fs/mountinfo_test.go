package fs

import (
	"strings"
	"testing"
)

func TestFindMount(t *testing.T) {
	const table = `21 1 252:0 / / rw,relatime shared:1 - ext4 /dev/root rw
22 21 0:20 / /proc rw - proc proc rw
23 21 0:21 / /dev rw,nosuid shared:2 master:3 propagate_from:4 unbindable - devtmpfs devtmpfs rw
30 21 0:40 / /mnt/plain ro,nosuid,nodev - fuse.dgenfs dgenfs ro,user_id=0
31 21 0:41 / /mnt/with\040space ro - fuse.dgenfs my\040source ro
32 21 0:42 / /mnt/tab\011line\012back\134slash ro - fuse.dgenfs a\134b\043c ro
33 21 0:43 / /mnt/with,comma ro - fuse.dgenfs x,y ro
34 21 0:44 / /mnt/twice ro - ext4 /dev/below rw
35 34 0:45 / /mnt/twice ro shared:9 - fuse.dgenfs above ro
36 21 0:46 / /mnt/covered ro - fuse.dgenfs first ro
37 36 0:47 / /mnt/covered rw - tmpfs last rw
38 21 0:48 /- /mnt/- ro - fuse.dgenfs - ro
39 21 0:49 / /mnt/nosource ro - fuse.dgenfs  ro
40 21 0:50 / /mnt/ünï ro - fuse.dgenfs dgenfs ro
`
	tests := []struct {
		path string
		want MountEntry
		ok   bool
	}{
		{"/", MountEntry{Type: "ext4", Source: "/dev/root"}, true},
		{"/proc", MountEntry{Type: "proc", Source: "proc"}, true},
		{"/dev", MountEntry{Type: "devtmpfs", Source: "devtmpfs"}, true},
		{"/mnt/plain", MountEntry{Type: FSType, Source: "dgenfs"}, true},
		{"/mnt/with space", MountEntry{Type: FSType, Source: "my source"}, true},
		{"/mnt/tab\tline\nback\\slash", MountEntry{Type: FSType, Source: `a\b#c`}, true},
		{"/mnt/with,comma", MountEntry{Type: FSType, Source: "x,y"}, true},
		{"/mnt/twice", MountEntry{Type: FSType, Source: "above"}, true},
		{"/mnt/covered", MountEntry{Type: "tmpfs", Source: "last"}, true},
		{"/mnt/-", MountEntry{Type: FSType, Source: "-"}, true},
		{"/mnt/nosource", MountEntry{Type: FSType, Source: ""}, true},
		{"/mnt/ünï", MountEntry{Type: FSType, Source: "dgenfs"}, true},
		{"/mnt", MountEntry{}, false},
		{"/mnt/plai", MountEntry{}, false},
		{"/mnt/plain/", MountEntry{}, false},
		{"/mnt/plain/below", MountEntry{}, false},
		{`/mnt/with\040space`, MountEntry{}, false},
		{"", MountEntry{}, false},
	}
	for _, test := range tests {
		entries, err := readMounts(strings.NewReader(table))
		got, ok := mountedAt(entries, test.path)
		if err != nil || ok != test.ok || got.Type != test.want.Type || got.Source != test.want.Source {
			t.Errorf("mountedAt(%q) = %+v, %v, %v; want %+v, %v", test.path, got, ok, err, test.want, test.ok)
		}
	}
}

func TestFindMountInOddTables(t *testing.T) {
	for _, table := range []string{
		"", "\n\n", "-", "1 2 3 4 /mnt", "1 2 3 4 /mnt 6 -", "1 2 3 4 /mnt 6 - fuse.dgenfs",
		"1 2 3 4 /mnt 6 7 8 9", strings.Repeat(" ", 100),
	} {
		if got, err := readMounts(strings.NewReader(table)); len(got) > 0 || err != nil {
			t.Errorf("readMounts of %q = %+v, %v; want nothing", table, got, err)
		}
	}
	// As long as a line can get: a path of 4095 bytes, all escaped.
	long := "/" + strings.Repeat(" ", 4094)
	table := "1 2 3 4 /" + strings.Repeat(`\040`, 4094) + " ro - fuse.dgenfs long ro\n"
	if got, err := readMounts(strings.NewReader(table)); len(got) != 1 || err != nil || got[0].Source != "long" || got[0].Path != long {
		t.Errorf("readMounts of a long path = %+v, %v", got, err)
	}
	if _, err := readMounts(strings.NewReader(strings.Repeat("x", 2<<20))); err == nil {
		t.Error("a line of 2 MiB gave no error")
	}
}

func TestUnescape(t *testing.T) {
	tests := map[string]string{
		"":                   "",
		"plain":              "plain",
		`\040`:               " ",
		`a\040b\040c`:        "a b c",
		`\134040`:            `\040`,
		`end\`:               `end\`,
		`end\04`:             `end\04`,
		`\999 is no escape`:  `\999 is no escape`,
		`\777 is too much`:   `\777 is too much`,
		`\303\274`:           "ü",
		`\012\011\134\043\0`: "\n\t\\#\\0",
	}
	for s, want := range tests {
		if got := unescape(s); got != want {
			t.Errorf("unescape(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestMountedAt(t *testing.T) {
	if m, ok, err := MountedAt("/"); !ok || err != nil || m.Type == "" {
		t.Errorf("MountedAt(/) = %+v, %v, %v; something is mounted there", m, ok, err)
	}
	if m, ok, err := MountedAt(t.TempDir()); ok || err != nil {
		t.Errorf("MountedAt of a new directory = %+v, %v, %v", m, ok, err)
	}
}

func TestUserID(t *testing.T) {
	for options, want := range map[string]int{
		"ro,user_id=0,group_id=0": 0, "ro,user_id=1000": 1000, "user_id=7,ro": 7, "rw": -1, "": -1, "user_id=": -1, "user_id=x": -1, "my_user_id=5": -1,
	} {
		if got := userID(options); got != want {
			t.Errorf("userID(%q) = %d, want %d", options, got, want)
		}
	}
}
