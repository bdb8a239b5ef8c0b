package cli

import (
	"bytes"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
)

// badInput is an invocation that must be refused. {dir} in an argument stands
// for a folder that holds an empty folder mnt, a file called file, a folder
// full with a file in it, and symbolic links.
type badInput struct {
	args  string // separated by blanks; ~ stands for a blank, ^ for a newline
	names string // what the error must name: the input that is wrong
}

var badInputs = []badInput{
	// Flags.
	{"{dir}/mnt --nope", "--nope"},
	{"{dir}/mnt -x", "x"},
	{"{dir}/mnt --size", "--size"},
	{"--size= {dir}/mnt", "--size"},
	{"--file= {dir}/mnt", "--file"},
	{"--files 0 --size 1M {dir}/mnt", "--files 0"},
	{"--files -1 --size 1M {dir}/mnt", "--files -1"},
	{"--files 1.5 --size 1M {dir}/mnt", "1.5"},
	{"--files many --size 1M {dir}/mnt", "many"},
	{"--files 10 {dir}/mnt", "--files 10"},
	{"--files 0 {dir}/mnt", "--files 0"},
	{"--files 9223372036854775807 --size 1M {dir}/mnt", "--files 9223372036854775807"},
	{"--files 99999999999999999999 --size 1M {dir}/mnt", "99999999999999999999"},
	{"--seed abc {dir}/mnt", "abc"},
	{"--seed -1 {dir}/mnt", "-1"},
	{"--seed= {dir}/mnt", "--seed"},
	{"--seed 18446744073709551616 {dir}/mnt", "18446744073709551616"},
	{"--seed Random {dir}/mnt", "Random"},
	{"--uid -1 {dir}/mnt", "--uid -1"},
	{"--uid -2 {dir}/mnt", "--uid -2"},
	{"--uid 4294967295 {dir}/mnt", "--uid 4294967295"},
	{"--uid root {dir}/mnt", "root"},
	{"--gid -1 {dir}/mnt", "--gid -1"},
	{"--gid 4294967296 {dir}/mnt", "--gid 4294967296"},
	{"--allow-other=maybe {dir}/mnt", "maybe"},
	{"--transport ring {dir}/mnt", "--transport ring"},
	{"--transport= {dir}/mnt", "--transport"},
	{"--max-read 0 {dir}/mnt", "--max-read 0"},
	{"--max-read 5000 {dir}/mnt", "--max-read 5000"},
	{"--max-read 1T {dir}/mnt", "--max-read 1T"},
	{"--max-read -4K {dir}/mnt", "--max-read"},
	{"--max-read big {dir}/mnt", "--max-read"},
	{"--readahead 5000 {dir}/mnt", "--readahead 5000"},
	{"--readahead 2G {dir}/mnt", "--readahead 2G"},
	{"--readahead -4K {dir}/mnt", "--readahead"},
	{"--readahead much {dir}/mnt", "much"},
	{"-o readahead {dir}/mnt", "readahead"},
	{"-o max_readahead=1M {dir}/mnt", "use readahead="},
	{"--rate 0 {dir}/mnt", `--rate "0"`},
	{"--rate= {dir}/mnt", "--rate"},
	{"--rate fast {dir}/mnt", "fast"},
	{"--latency 2 {dir}/mnt", `--latency "2"`},
	{"--latency= {dir}/mnt", "--latency"},
	{"--latency -2ms {dir}/mnt", "-2ms"},
	{"--fail eio {dir}/mnt", `--fail "eio"`},
	{"--fail= {dir}/mnt", "--fail"},
	{"--fail eio:101% {dir}/mnt", "101%"},
	{"-o latency=1h {dir}/mnt", "1h"},
	{"--foreground=maybe {dir}/mnt", "maybe"},
	{"--numa on {dir}/mnt", "--numa on"},
	{"--numa= {dir}/mnt", "--numa"},
	{"--numa-nodes 1000 {dir}/mnt", "--numa-nodes 1000"},
	{"--numa-nodes 0- {dir}/mnt", "0-"},
	{"--numa-nodes= {dir}/mnt", "--numa-nodes"},
	{"--numa off --numa-nodes 0 {dir}/mnt", "--numa-nodes 0"},
	{"--threads 0 {dir}/mnt", "--threads 0"},
	{"--threads 100000 {dir}/mnt", "--threads 100000"},
	{"--threads many {dir}/mnt", "many"},

	{"--seed 1 --seed 2 {dir}/mnt", "--seed"},
	{"--seed 1 -o seed=2 {dir}/mnt", "as 1 and as 2"},
	{"-o seed=1,seed=1 {dir}/mnt", "--seed 1"},
	{"--size 1G --size=2G {dir}/mnt", "as 1G and as 2G"},
	{"--preset home --preset mail --count 1000 {dir}/mnt", "as home and as mail"},
	{"cat --offset 1 --offset 2 1M", "--offset"},

	// Words that are something else.
	{"unmount {dir}/mnt", "the command umount"},
	{"ls {dir}/mnt", "the command list"},
	{"64G {dir}/mnt", "--size 64G"},
	{"-f 64G,dedup=3 {dir}/mnt", "--size 64G,dedup=3"},
	{"--file a0:24K a1:24K {dir}/mnt", "--file 'a{0..9}:24K'"},
	{"--file a0:24K a1:24K a2:24K {dir}/mnt", "--file 'a{0..9}:24K'"},
	{"unmont", "the command umount"},
	{"help nothing", "nothing"},
	{"help mesure", "measure"},
	{"help sum verify", "one COMMAND, got 2"},

	// Mount options.
	{"-o nope {dir}/mnt", "nope"},
	{"-o suid {dir}/mnt", "suid"},
	{"-o dev {dir}/mnt", "dev"},
	{"-o ro,remount {dir}/mnt", "remount"},
	{"-o rw,remount,suid,dev {dir}/mnt", "remount"},
	{"-o rwx {dir}/mnt", "rwx"},
	{"-o xsystemd {dir}/mnt", "xsystemd"},
	{"-o size {dir}/mnt", "size"},
	{"-o size= {dir}/mnt", "size"},
	{"-o ro,,nodev {dir}/mnt", `""`},
	{"-o allow-other {dir}/mnt", "allow-other"},
	{"-o allow_other=maybe {dir}/mnt", "maybe"},
	{"-o size=64G,dedup=3 {dir}/mnt", "dedup"},
	{"-o files=many,size=1M {dir}/mnt", "many"},
	{"-o uid=-5 {dir}/mnt", "-5"},
	{"-o options=ro {dir}/mnt", "options"},
	{"-o direct_io {dir}/mnt", "O_DIRECT works"},
	{"-o umask=022 {dir}/mnt", "umask=022"},
	{"-o attr_timeout=1 {dir}/mnt", "attributes never change"},
	{"-o allow_root {dir}/mnt", "allow_other"},
	{"-o subtype=other {dir}/mnt", "fuse.dgenfs"},
	{"-o context= {dir}/mnt", "context"},
	{"-o fsname {dir}/mnt", "fsname"},
	{"-o fsname=a b {dir}/mnt", "fsname=a"},

	// Files.
	{"--file x {dir}/mnt", "x"},
	{"--file :1G {dir}/mnt", `--file`},
	{"--file /a:1G {dir}/mnt", "/a"},
	{"--file a/:1G {dir}/mnt", "a/"},
	{"--file a//b:1G {dir}/mnt", "a//b"},
	{"--file a{0..}/ {dir}/mnt", "a{0..}/"},
	{"--file / {dir}/mnt", `"/"`},
	{"--file ./a:1G {dir}/mnt", "./a"},
	{"--file a/../b:1G {dir}/mnt", "a/../b"},
	{"--file a{9..0}:1G {dir}/mnt", "9..0"},
	{"--file a{0..9:1G {dir}/mnt", "{0..9"},
	{"--file a}:1G {dir}/mnt", "a}"},
	{"--file a{}:1G {dir}/mnt", "{}"},
	{"--file a{0}:1G {dir}/mnt", "{0}"},
	{"--file a{x..z}:1G {dir}/mnt", "x..z"},
	{"--file a{-1..3}:1G {dir}/mnt", "-1..3"},
	{"--file a{00..999}:1G {dir}/mnt", "00..999"},
	{"--file a{0..9999999999999999999}:1G {dir}/mnt", "9999999999999999999"},
	{"--file {0..999999999999}/{0..999999999999}:1 {dir}/mnt", "{0..999999999999}"},
	{"--file " + strings.Repeat("n", 256) + ":1G {dir}/mnt", "nnnnnnnn"},
	{"--file a:1G --file a:1G {dir}/mnt", `"a"`},
	{"--file x-{0..2}.npz:gaussian:140M:47M {dir}/mnt", `\x3a`},
	{"--file foo:1G,bar:1G {dir}/mnt", `"foo:1G,bar"`},
	{"--file a:b:1M {dir}/mnt", `"b" is not a distribution`},
	{"--file a:1G --file a:2G {dir}/mnt", `"a"`},
	{"--file a{0..9}:1G --file a5:1G {dir}/mnt", "a5"},
	{"--file a{0..9}:1G --file a{09..12}:1G --file a{5..50}:1G {dir}/mnt", "a{5..50}"},
	{"--file a:1G --file a/b:1G {dir}/mnt", "a/b"},
	{"--size 1G --file data:1G {dir}/mnt", "data"},
	{"--size 1G --files 10 --file data-7:1G {dir}/mnt", "data-7"},

	{"--file a{0..}:1G {dir}/mnt", "open range"},
	{"--file a:1M,total=1G {dir}/mnt", "total=1G"},
	{"--file a{0..}:1M,total=0 {dir}/mnt", `total "0"`},
	{"--file a{0..}:1M,total=1K {dir}/mnt", "total=1K"},
	{"--file a{0..9}:4K..1K {dir}/mnt", "4K..1K"},
	{"--file a{0..9}:0..1K {dir}/mnt", "0..1K"},
	{"--file a{0..9}:lognormal:0:1 {dir}/mnt", "lognormal:0:1"},
	{"--file a{0..9}:lognormal:1K:99 {dir}/mnt", "lognormal:1K:99"},
	{`--file a\x2f:1G {dir}/mnt`, `\x2f`},
	{`--file a\x00:1G {dir}/mnt`, `\x00`},
	{`--file a\n:1G {dir}/mnt`, `\n`},
	{`--file a\{0..9}:1G {dir}/mnt`, `\}`},
	{`--file a\:1G {dir}/mnt`, `\`},

	// Trees and presets.
	{"--tree {dir}/missing {dir}/mnt", "--tree {dir}/missing"},
	{"--tree {dir}/full {dir}/mnt", "--tree {dir}/full"},
	{"--tree {dir}/loop {dir}/mnt", "--tree {dir}/loop"},
	{"--tree= {dir}/mnt", "--tree"},
	{"--tree", "--tree"},
	{"-o tree={dir}/missing {dir}/mnt", "--tree {dir}/missing"},
	{"run --tree {dir}/missing -- true", "--tree {dir}/missing"},
	{"tree --tree {dir}/missing", "--tree {dir}/missing"},
	{"--tree {dir}/bad.tree {dir}/mnt", "{dir}/bad.tree:2: "},
	{"-f --tree {dir}/bad.tree {dir}/mnt", "{dir}/bad.tree:2: "},
	{"-o tree={dir}/bad.tree {dir}/mnt", "{dir}/bad.tree:2: "},
	{"run --tree {dir}/bad.tree -- true", "{dir}/bad.tree:2: "},
	{"tree --tree {dir}/bad.tree", "{dir}/bad.tree:2: "},
	{"--tree {dir}/file --preset home --count 1000 {dir}/mnt", "--tree and --preset"},
	{"--preset home {dir}/mnt", "--total"},
	{"--preset home --size 1M {dir}/mnt", "--preset home"},
	{"tree --preset home --size 1M", "--preset home"},
	{"--preset nothing --count 1000 {dir}/mnt", "--preset nothing"},
	{"--preset Home --count 1000 {dir}/mnt", "--preset Home"},
	{"--preset ../presets/home --count 1000 {dir}/mnt", "../presets/home"},
	{"--preset= --count 1000 {dir}/mnt", "--preset"},
	{"tree --preset nothing", "--preset nothing"},
	{"--preset home --total 100G --count 1000 {dir}/mnt", "--total and --count"},
	{"--preset home --total 1K {dir}/mnt", "--total 1K"},
	{"--preset home --total 0 {dir}/mnt", "--total 0"},
	{"--preset home --total -1 {dir}/mnt", "-1"},
	{"--preset home --total= {dir}/mnt", "--total"},
	{"--preset home --count 3 {dir}/mnt", "--count 3"},
	{"--preset home --count 0 {dir}/mnt", "--count 0"},
	{"--preset home --count -5 {dir}/mnt", "--count -5"},
	{"--preset home --count 1K {dir}/mnt", "1K"},
	{"--preset home --count 1000000000000000001 {dir}/mnt", "--count 1000000000000000001"},
	{"--preset home --count 1000 --file a{0..}:1M,share=1% {dir}/mnt", "101%"},
	{"--total 1G {dir}/mnt", "--total"},
	{"--count 10 {dir}/mnt", "--count"},
	{"--total 1G --size 1M {dir}/mnt", "--total"},
	{"--tree {dir}/file --total 1G {dir}/mnt", "--total"},
	{"--file a{0..}:1M,share=50% --count 10 {dir}/mnt", "50%"},
	{"--file a{0..}:1M,share=100% {dir}/mnt", "--count"},
	{"--file a{0..}:1M,share=0% --count 10 {dir}/mnt", "share"},
	{"--file a{0..}:1M,share=100%,total=1G --count 10 {dir}/mnt", "total"},
	{"--size 1M,total=1G --files 3 {dir}/mnt", "--files 3"},
	{"--size 1M,share=100% --files 1 --count 9 {dir}/mnt", "--files 1"},
	{"--size 1M,total=1K {dir}/mnt", "total=1K"},
	{"--size 8E-1 {dir}/mnt", "8E-1"},
	{"tree 2", "2"},
	{"tree --color", "--color"},

	// Generations and parts.
	{"--generation 4096 {dir}/mnt", "4096"},
	{"--generation -1 {dir}/mnt", "-1"},
	{"--generation= {dir}/mnt", "--generation"},
	{"--generation last {dir}/mnt", "last"},
	{"--change 2% {dir}/mnt", "--change 2%"},
	{"--insert 2% {dir}/mnt", "--insert 2%"},
	{"--grow 2% {dir}/mnt", "--grow 2%"},
	{"--delete 2% {dir}/mnt", "--delete 2%"},
	{"-o delete=2% {dir}/mnt", "--delete 2%"},
	{"--generation 1 --change 2 {dir}/mnt", "--change 2"},
	{"--generation 1 --change 101% {dir}/mnt", "--change 101%"},
	{"--generation 1 --grow -1% {dir}/mnt", "--grow -1%"},
	{"--generation 1 --grow 0.00000001% {dir}/mnt", "--grow 0.00000001%"},
	{"--generation 1 --delete= {dir}/mnt", "--delete"},
	{"--generation 4000 --grow 100% {dir}/mnt", "--generation 4000"},
	{"--size 1M,change=101% {dir}/mnt", "101%"},
	{"--size 1M,insert=-1% {dir}/mnt", "insert"},
	{"--size 1M,phase=1000000000 {dir}/mnt", "1000000000"},
	{"--shard 0/3 {dir}/mnt", "--shard 0/3"},
	{"--shard 4/3 {dir}/mnt", "--shard 4/3"},
	{"--shard 3 {dir}/mnt", "--shard 3"},
	{"--shard 1/0 {dir}/mnt", "--shard 1/0"},
	{"--shard 1/9999999 {dir}/mnt", "--shard 1/9999999"},
	{"--shard -1/3 {dir}/mnt", "--shard -1/3"},
	{"--shard 1/2/3 {dir}/mnt", "--shard 1/2/3"},
	{"--shard= {dir}/mnt", "--shard"},
	{"-o shard=5/4 {dir}/mnt", "--shard 5/4"},

	// Mount points.
	{"mount", "MOUNTPOINT"},
	{"mount a b {dir}/mnt", "MOUNTPOINT"},
	{"mount {dir}/missing", "/missing"},
	{"{dir}/missing", "/missing"},
	{"mount {dir}/missing/deep", "/missing/deep"},
	{"{dir}/new^line", `new\nline`},
	{"{dir}/file", "/file"},
	{"{dir}/file/below", "/file/below"},
	{"{dir}/file/far/below", "/file/far/below"},
	{"{dir}/full", "/full"},
	{"{dir}/dangling", "/dangling"},
	{"{dir}/loop", "/loop"},
	{"{dir}/loop/mnt", "/loop/mnt"},
	{"{dir}/tofile", "/tofile"},
	{"mount source {dir}/missing", "/missing"},
	{"/dev/fd/", "/dev/fd/"},
	{"/dev/fd/x", "/dev/fd/x"},
	{"/dev/fd/-1", "/dev/fd/-1"},
	{"/dev/fd/03", "/dev/fd/03"},
	{"/dev/fd/3/x", "/dev/fd/3/x"},
	{"/dev/fd/99999999999999999999", "/dev/fd/99999999999999999999"},
	{"/dev/fd/2147483647", "/dev/fd/2147483647"},
	{"/dev/fd/1", "/dev/fuse"},
	{"-f /dev/fd/1", "/dev/fuse"},

	// umount.
	{"umount", "MOUNTPOINT"},
	{"umount --all {dir}/mnt", "--all"},
	{"list 2", "2"},
	{"umount {dir}/mnt", "/mnt"},
	{"umount {dir}/missing", "/missing"},
	{"umount {dir}/missing/deep", "/missing/deep"},
	{"umount {dir}/file", "/file"},
	{"umount /proc", "/proc"},
	{"umount --force {dir}/mnt", "--force"},

	// run, cat, version.
	{"run", "command"},
	{"run --size 1G", "command"},
	{"run --nope -- true", "--nope"},
	{"run -f -- true", "f"},
	{"run --files 10 -- true", "--files 10"},
	{"run --seed abc -- true", "abc"},
	{"cat", "SPEC"},
	{"cat 1M 2M", "SPEC"},
	{"cat --offset -1 1M", "-1"},
	{"cat --offset 2M 1M", "2M"},
	{"cat --length 2M 1M", "2M"},
	{"cat --offset 1M --length 1 1M", "--length 1"},
	{"cat --offset x 1M", "x"},
	{"cat --length x 1M", "x"},
	{"cat --length= 1M", "--length"},
	{"cat --seed abc 1M", "abc"},
	{"version 2", "2"},
	{"topology 2", "2"},
	{"topology --numa-nodes x", "x"},
	{"bench --threads 0", "--threads 0"},
}

// A mount point that is in use is nobody's mistake: the work failed.
func TestBusyMountpoint(t *testing.T) {
	for _, dir := range []string{"/proc", "/"} {
		var stdout, stderr bytes.Buffer
		if status := run([]string{dir}, &stdout, &stderr); status != exit.Failed || !strings.Contains(stderr.String(), "busy") || stdout.Len() > 0 {
			t.Errorf("%s: exit status %d, %q, %q", dir, status, &stdout, &stderr)
		}
	}
}

func TestBadInput(t *testing.T) {
	tests := slices.Concat(badInputs, badWrites, badLies, badSums, badTops, badVerify)
	for _, spec := range badSpecs {
		for _, form := range []string{"--size=%s {dir}/mnt", "--file name:%s {dir}/mnt", "run --size=%s -- true", "cat -- %s"} {
			tests = append(tests, badInput{strings.Replace(form, "%s", spec.args, 1), spec.names})
		}
	}
	dir := t.TempDir()
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "mnt"), 0o755),
		os.WriteFile(filepath.Join(dir, "file"), nil, 0o644),
		os.WriteFile(filepath.Join(dir, "bad.tree"), []byte("a 1M\nb 1X\n"), 0o644),
		os.Mkdir(filepath.Join(dir, "full"), 0o755),
		os.WriteFile(filepath.Join(dir, "full", "tenant"), nil, 0o644),
		os.Symlink("nowhere", filepath.Join(dir, "dangling")),
		os.Symlink("loop", filepath.Join(dir, "loop")),
		os.Symlink("file", filepath.Join(dir, "tofile")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TMPDIR", dir)
	before := listing(t, dir)
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			var args []string
			for _, arg := range strings.Split(test.args, " ") {
				args = append(args, strings.NewReplacer("{dir}", dir, "~", " ", "^", "\n").Replace(arg))
			}
			var stdout, stderr bytes.Buffer
			if status := run(args, &stdout, &stderr); status != exit.Usage {
				t.Errorf("exit status %d, want %d", status, exit.Usage)
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output is not empty: %d bytes", stdout.Len())
			}
			text := stderr.String()
			if !strings.HasPrefix(text, "dgenfs: ") || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
				t.Errorf("standard error is no single line that starts with \"dgenfs: \":\n%s", text)
			}
			if names := strings.ReplaceAll(test.names, "{dir}", dir); !strings.Contains(text, names) {
				t.Errorf("the error does not name %q: %s", names, text)
			}
			if strings.Contains(text, "%!") {
				t.Errorf("the error is not well formed: %s", text)
			}
			if _, mounted, err := fs.MountedAt(filepath.Join(dir, "mnt")); mounted || err != nil {
				t.Fatalf("mounted: %v, error %v", mounted, err)
			}
			if after := listing(t, dir); !slices.Equal(before, after) {
				t.Errorf("files were made or taken away: before %q, after %q", before, after)
			}
		})
	}
}

// listing returns the paths of everything below dir.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, _ iofs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
