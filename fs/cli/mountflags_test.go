package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/spf13/pflag"
)

// parseMountFlags returns what the flags mean.
func parseMountFlags(t *testing.T, args ...string) config {
	t.Helper()
	f := newFlags("mount")
	var m mountFlags
	m.add(f)
	if err := parse(f, args); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	c, err := m.config()
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	// To compare it: how much memory a node has may change at any time.
	c.placement = &placement{why: c.placement.String()}
	return c
}

// What is a flag is also a mount option, and means the same.
func TestFlagsAndOptionsAreEqual(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a, b=c.tree")
	if err := os.WriteFile(file, []byte("# files\nd/{0..} 4K..1M,share=100%\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		flags   []string
		options []string
	}{
		{"nothing", nil, []string{"-o", "defaults"}},
		{"always on", nil, []string{"-o", "ro,nosuid,nodev,default_permissions"}},
		{"for others", nil, []string{"-o", "nofail,_netdev,auto,noauto,user,nouser,users,owner,group,user=joe,comment=text,x-systemd.automount,x-systemd.requires=a,x-gvfs-show,X-mount.mkdir"}},
		{"what nothing depends on", nil, []string{"-o", "noatime,nodiratime,relatime,strictatime,async,sync,symfollow"}},
		{"of other FUSE file systems", nil, []string{"-o", "auto_unmount,default_permissions,big_writes,kernel_cache,sync_read,intr,noforget,subtype=dgenfs"}},
		{"exec after noexec", nil, []string{"-o", "noexec,exec"}},
		{"noexec after exec", []string{"-o", "noexec"}, []string{"-o", "exec,noexec"}},
		{"from mount.fuse", []string{"--size", "1M"}, []string{"-o", "rw,size=1M,dev,suid"}},
		{"from mount.fuse, read-only", []string{"--size", "1M"}, []string{"-o", "ro,size=1M,dev,suid"}},
		{"from mount.fuse, for a user", []string{"-o", "noexec"}, []string{"-o", "rw,nosuid,noexec,nodev"}},
		{"mode", []string{"--mode", "0440"}, []string{"-o", "mode=0440"}},
		{"the default mode", nil, []string{"-o", "mode=444"}},
		{"mode to execute", []string{"--mode", "0555"}, []string{"-o", "noexec,mode=555,exec"}},
		{"writes", []string{"--accept-writes"}, []string{"-o", "rw,accept_writes"}},
		{"writes that are dropped", []string{"--discard", "--mode", "0664"}, []string{"-o", "discard,rw,mode=0664"}},
		{"writes, from mount.fuse", []string{"--accept-writes", "--discard"}, []string{"-o", "rw,accept_writes,discard,dev,suid"}},
		{"size", []string{"--size", "64G"}, []string{"-o", "size=64G"}},
		{"size with equals sign", []string{"--size=64G"}, []string{"--options=size=64G"}},
		{"keys", []string{"--size", "64G,dedup=3,compress=2"}, []string{"-o", `size=64G\,dedup=3\,compress=2`}},
		{"files", []string{"--size", "1M", "--files", "1000"}, []string{"-o", "size=1M,files=1000"}},
		{"files before size", []string{"--files", "7", "--size", "1M"}, []string{"-o", "files=7", "-o", "size=1M"}},
		{"one file", []string{"--file", "a:1M"}, []string{"-o", "file=a:1M"}},
		{"two files", []string{"--file", "a:1M", "--file", "b/c:2M,seed=1"}, []string{"-o", `file=a:1M,file=b/c:2M\,seed=1`}},
		{"a range", []string{"--file", "part-{0000..1023}.bin:150M"}, []string{"-o", "file=part-{0000..1023}.bin:150M"}},
		{"in quotes", []string{"--size", "64G,dedup=3,compress=2", "--uid", "5"}, []string{"-o", `size="64G,dedup=3,compress=2",uid=5`}},
		{"a comma in a name", []string{"--file", "a,b:1M"}, []string{"-o", `file=a\,b:1M`}},
		{"a colon in a name", []string{"--file", `a\x3ab:1M`}, []string{"-o", `file=a\\x3ab:1M`}},
		{"a backslash in a name", []string{"--file", `a\\b:1M`}, []string{"-o", `file=a\\\\b:1M`}},
		{"seed", []string{"--seed", "7"}, []string{"-o", "seed=7"}},
		{"seed in hexadecimal", []string{"--seed", "7"}, []string{"-o", "seed=0x7"}},
		{"largest seed", []string{"--seed", "18446744073709551615"}, []string{"-o", "seed=0xffffffffffffffff"}},
		{"owner", []string{"--uid", "1000", "--gid", "100"}, []string{"-o", "uid=1000,gid=100"}},
		{"owner root", []string{"--uid", "0", "--gid", "0"}, []string{"-o", "uid=0,gid=0"}},
		{"largest owner", []string{"--uid", "4294967294"}, []string{"-o", "uid=4294967294"}},
		{"allow other", []string{"--allow-other"}, []string{"-o", "allow_other"}},
		{"allow other, in full", []string{"--allow-other=true"}, []string{"-o", "allow_other=true"}},
		{"allow nobody else", []string{"--allow-other=false"}, []string{"-o", "allow_other=false"}},
		{"rate", []string{"--rate", "500M"}, []string{"-o", "rate=500M"}},
		{"latency", []string{"--latency", "1.5s"}, []string{"-o", "latency=1500ms"}},
		{"fail", []string{"--fail", "eio:0.001%"}, []string{"-o", "fail=eio:0.0010%"}},
		{"fail calls", []string{"--fail", "eio:1%+open:eio:2%+readdir:enoent:3%"}, []string{"-o", "fail=readdir:enoent:3%+eio:1.0%+open:eio:2%"}},
		{"corrupt", []string{"--corrupt", "bit@1M+zero:1%+torn@4K+1K"}, []string{"-o", "corrupt=bit@1024K+zero:1.0%+torn@4096+1024"}},
		{"trouble of a file", []string{"--file", "a:1G,rate=5M,fail=eio:1%", "--fail", "eio@1K+4"}, []string{"-o", `fail=eio@1024+4,file=a:1G\,rate=5M\,fail=eio:1%`}},
		{"tree", []string{"--tree", file, "--count", "20"}, []string{"-o", "count=20,tree=" + strings.ReplaceAll(file, ",", `\,`)}},
		{"tree in quotes", []string{"--tree", file, "--total", "1G"}, []string{"-o", `total=1G,tree="` + file + `"`}},
		{"tree and files", []string{"--tree", file, "--count", "20", "--file", "x:1K", "--size", "1M"}, []string{"-o", "size=1M,count=20,file=x:1K", "-o", `tree="` + file + `"`}},
		{"preset by total", []string{"--preset", "mail", "--total", "100G"}, []string{"-o", "preset=mail,total=102400M"}},
		{"preset by count", []string{"--preset", "home", "--count", "3000"}, []string{"-o", "count=3000,preset=home"}},
		{"sizes that are drawn", []string{"--size", "4K..1M,total=1G"}, []string{"-o", `size=4K..1M\,total=1024M`}},
		{"share", []string{"--size", "1M,share=100%", "--count", "7"}, []string{"-o", `size=1M\,share=100%,count=7`}},
		{"generation", []string{"--generation", "3"}, []string{"-o", "generation=3"}},
		{"generation 0", nil, []string{"-o", "generation=0,change=0%"}},
		{"history", []string{"--generation", "3", "--change", "2%", "--insert", "1.5%", "--grow", "1%", "--delete", "0.5%"}, []string{"-o", "delete=0.50%,grow=1.0%,insert=1.5%,change=2%,generation=3"}},
		{"history of a file", []string{"--file", "a:1G,generation=3,change=2%"}, []string{"-o", `file=a:1G\,change=2.0%\,generation=3`}},
		{"shard", []string{"--shard", "3/16"}, []string{"-o", "shard=3/16"}},
		{"one shard", []string{"--shard", "1/1"}, []string{"-o", "shard=1/1"}},
		{"braces in a name", []string{"--file", `a\{0..9\}\x20:1M`}, []string{"-o", `file=a\\\{0..9\\\}\\x20:1M`}},
		{"log", []string{"--log", "/tmp/a=b"}, []string{"-o", "log=/tmp/a=b"}},
		{"all", []string{"--size", "1G,seed=3", "--files", "10", "--file", "x:1K", "--seed", "9", "--uid", "1", "--gid", "2", "--allow-other", "--numa", "force", "--numa-nodes", "0", "--threads", "1", "--log", "l"},
			[]string{"-o", `ro,size=1G\,seed=3,files=10,file=x:1K,seed=9,uid=1`, "-o", "gid=2,allow_other,numa=force,numa_nodes=0,threads=1,log=l"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := parseMountFlags(t, test.flags...), parseMountFlags(t, test.options...)
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%q and %q differ:\n%+v\n%+v", test.flags, test.options, a, b)
			}
		})
	}
}

// Every flag of the commands that mount can be given as an option, but for the
// list of options itself.
func TestEveryFlagIsAnOption(t *testing.T) {
	f := newFlags("mount")
	var m mountFlags
	m.add(f)
	list := optionList{set: f}
	f.VisitAll(func(flag *pflag.Flag) {
		found := list.flag(strings.ReplaceAll(flag.Name, "-", "_"))
		if (found == flag) == (flag.Name == "options") {
			t.Errorf("--%s: as an option, %v", flag.Name, found)
		}
	})
}

// A server that is started with the arguments of a mount makes the same mount.
func TestArgumentsOfServer(t *testing.T) {
	tests := [][]string{
		nil,
		{"--size", "1G,dedup=3", "--files", "7", "--seed", "0x7"},
		{"--file", "a, b:1M,dedup=3", "--file", "c:2M", "--uid", "7", "--gid", "0", "--mode", "0440"},
		{"--seed", "random"},
		{"-o", `nonempty,context="u:r:t:s0:c1,c2",rootcontext=x,fsname=my source`},
		{"-o", `noexec,allow_other,file=a\,b:1M,seed=random,rate=5M`},
		{"--preset", "home", "--count", "3000", "--generation", "3", "--change", "2%", "--shard", "2/3"},
		{"--preset", "mail", "--total", "100G", "--latency", "1.5ms", "--fail", "eio:1%"},
		{"--allow-other=false", "--numa", "off", "--threads", "1", "--max-read", "64K", "--transport", "dev", "--log", "/tmp/a b"},
	}
	for _, args := range tests {
		m := newMountCall()
		if err := parse(m.set, args); err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		c, err := m.flags.config()
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		again := parseMountFlags(t, m.flags.arguments(m.set)...)
		c.seed.drawn = false // whoever started the server has printed it
		c.placement = again.placement
		c.extra.source = "" // an argument of its own
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%q, as %q:\n%+v\n%+v", args, m.flags.arguments(m.set), c, again)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	c := parseMountFlags(t)
	if c.seed.value != 0 || c.seed.drawn || c.allowOther || c.log != "" {
		t.Errorf("unexpected defaults: %+v", c)
	}
	if c.uid != uint32(os.Geteuid()) || c.gid != uint32(os.Getegid()) {
		t.Errorf("owner %d:%d, want who mounts, %d:%d", c.uid, c.gid, os.Geteuid(), os.Getegid())
	}
	got, want := slices.Sorted(slices.Values(rootNames(c.tree))), slices.Sorted(slices.Values(listed))
	if !slices.Equal(got, want) {
		t.Errorf("the root lists %q, want %q", got, want)
	}
}

func rootNames(t *tree.Tree) []string {
	var names []string
	for child := range t.ReadDir(tree.Root, 0) {
		names = append(names, string(child.Name))
	}
	return names
}

func TestNamesOfFiles(t *testing.T) {
	tests := []struct {
		args        []string
		count       int
		first, last string
	}{
		{[]string{"--size", "1M"}, 1, "data", "data"},
		{[]string{"--size", "1M", "--files", "1"}, 1, "data", "data"},
		{[]string{"--size", "1M", "--files", "2"}, 2, "data-0", "data-1"},
		{[]string{"--size", "1M", "--files", "10"}, 10, "data-0", "data-9"},
		{[]string{"--size", "1M", "--files", "11"}, 11, "data-00", "data-10"},
		{[]string{"--size", "1M", "--files", "1000"}, 1000, "data-000", "data-999"},
		{[]string{"--size", "1M", "--files", "1001"}, 1001, "data-0000", "data-1000"},
		{[]string{"--size", "1M", "--file", "zzz:1K"}, 2, "data", "zzz"},
		{[]string{"--file", "d{0..2}/x:1K"}, 3, "d0", "d2"},
	}
	for _, test := range tests {
		names := rootNames(parseMountFlags(t, test.args...).tree)
		if len(names) != test.count || names[0] != test.first || names[len(names)-1] != test.last {
			t.Errorf("%q: %d names from %q to %q, want %d from %q to %q", test.args,
				len(names), names[0], names[len(names)-1], test.count, test.first, test.last)
		}
	}
}

func TestRandomSeed(t *testing.T) {
	a, b := parseMountFlags(t, "--seed", "random"), parseMountFlags(t, "-o", "seed=random")
	if !a.seed.drawn || !b.seed.drawn {
		t.Error("a drawn seed is not marked as such")
	}
	if a.seed == b.seed {
		t.Errorf("drew the seed %d twice", a.seed.value)
	}
	if parseMountFlags(t, "--seed", "5").seed.drawn {
		t.Error("a given seed is marked as drawn")
	}
}

func TestSplitOptions(t *testing.T) {
	tests := []struct {
		list string
		want []string
	}{
		{"a", []string{"a"}},
		{"a,b", []string{"a", "b"}},
		{`a\,b`, []string{"a,b"}},
		{`a\\,b`, []string{`a\`, "b"}},
		{`a\\\,b,c`, []string{`a\,b`, "c"}},
		{`a="b,c",d`, []string{"a=b,c", "d"}},
		{`a="b,c"`, []string{"a=b,c"}},
		{`a="",b`, []string{"a=", "b"}},
		{`a="b,c`, []string{`a="b`, "c"}},
		{`a="b"c,d`, []string{`a="b"c`, "d"}},
		{`a=b"c,d"`, []string{`a=b"c`, `d"`}},
		{`a="`, []string{`a="`}},
		{`a=\"b,c"`, []string{`a="b`, `c"`}},
		{"a=b=c,d", []string{"a=b=c", "d"}},
		{`a\`, []string{`a\`}},
		{"", []string{""}},
		{"a,", []string{"a", ""}},
	}
	for _, test := range tests {
		if got := splitOptions(test.list); !slices.Equal(got, test.want) {
			t.Errorf("splitOptions(%q) = %q, want %q", test.list, got, test.want)
		}
	}
}

// What is joined is split into the same again.
func TestJoinOptions(t *testing.T) {
	options := []string{"a", "b=c,d", `e=\f`, `g="h"`, `i="j,k"`, `l\`}
	if got := splitOptions(joinOptions(options)); !slices.Equal(got, options) {
		t.Errorf("%q, want %q", got, options)
	}
}
