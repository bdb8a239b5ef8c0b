package cli

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
)

// The tree file of a mount makes the same mount by itself, and what the command line says
// comes before what the file says.
func TestTreeFileCarriesFlags(t *testing.T) {
	files := []string{"--file", "d{0..9}/{0..9}:4K..1M", "--file", "x:1G"}
	for _, args := range [][]string{
		nil,
		{"--seed", "7"},
		{"--seed", "0xffffffffffffffff", "--mode", "0400", "--uid", "12", "--gid", "34"},
		{"--generation", "6", "--change", "2.5%", "--insert", "0.5%", "--grow", "3.1%", "--delete", "1.7%", "--seed", "9"},
		{"--generation", "3", "--grow", "4%", "--shard", "2/3"},
		{"--latency", "1us", "--rate", "10G", "--fail", "eio:0.000001%"},
		{"--fail", "eio@1M+4K+open:eio:1%+readdir:eacces:2%", "--corrupt", "bit@1M+zero:1%"},
		{"--generation", "1", "--change", "2%", "--corrupt", "stale:100%"},
		{"-o", "seed=5,fail=eio@1K+4,mode=440"},
	} {
		text := runTree(t, append(args, files...)...)
		file := writeTree(t, text)
		want, got := parseMountFlags(t, append(args, files...)...), parseMountFlags(t, "--tree", file)
		if !sameTree(&got, &want) {
			t.Errorf("%q: another tree:\n%s", args, text)
		}
		want.namespace, got.namespace = namespace{}, namespace{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", args, got, want)
		}
		if again := runTree(t, "--tree", file); again != text {
			t.Errorf("%q is printed as\n%sand that as\n%s", args, text, again)
		}
		// The server in the background gets the same flags.
		f := newFlags("mount")
		var m mountFlags
		m.add(f)
		if err := parse(f, []string{"--tree", file}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.config(); err != nil {
			t.Fatal(err)
		}
		served := parseMountFlags(t, m.arguments(f)...)
		served.namespace = namespace{}
		if !reflect.DeepEqual(served, got) {
			t.Errorf("%q: the server has %+v, want %+v", args, served, got)
		}
	}
}

// A tree file may say how large it is; the command line then says otherwise by either flag.
func TestTreeFileHasAScale(t *testing.T) {
	file := writeTree(t, "#! --count 168\na/img_{#..}_of_{#}.x 1M,share=100%\n")
	for _, test := range []struct {
		args  []string
		first string
	}{
		{nil, "a/img_{000..167}_of_168.x 1M"},
		{[]string{"--count", "9"}, "a/img_{0..8}_of_9.x 1M"},
		{[]string{"--total", "1G"}, "a/img_{0000..1023}_of_1024.x 1M"},
	} {
		text := runTree(t, append(test.args, "--tree", file)...)
		if lines := strings.Split(text, "\n"); lines[2] != test.first {
			t.Errorf("%q: %q, want %q", test.args, lines[2], test.first)
		}
	}
}

func TestCommandLineComesFirst(t *testing.T) {
	file := writeTree(t, "a{0..999} 1M\n#! --seed 7 --generation=3\n#! --change 2% --mode 0400\n#!\n")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "#! --seed 7 --generation 3 --change 2% --mode 0400"},
		{[]string{"--seed", "8"}, "#! --seed 8 --generation 3 --change 2% --mode 0400"},
		{[]string{"--generation", "4"}, "#! --seed 7 --generation 4 --change 2% --mode 0400"},
		{[]string{"-o", "mode=444,seed=0"}, "#! --seed 0 --generation 3 --change 2% --mode 0444"},
		{[]string{"--grow", "1%"}, "#! --seed 7 --generation 3 --change 2% --grow 1% --mode 0400"},
		{[]string{"--generation", "0"}, "#! --seed 7 --mode 0400"},
	} {
		text := runTree(t, append(test.args, "--tree", file)...)
		if got := strings.Split(text, "\n")[1]; got != test.want {
			t.Errorf("%q: %s, want %s", test.args, got, test.want)
		}
	}
}

func TestBadDirectives(t *testing.T) {
	mnt := t.TempDir()
	for text, want := range map[string]string{
		"--color red":            `"--color": not a flag that a tree file may give; there are --seed, --generation, `,
		"seed 7":                 `"seed": not a flag`,
		"/usr/bin/env dgenfs":    `"/usr/bin/env": not a flag`,
		"--size 1M":              `"--size": not a flag`,
		"--tree x":               `"--tree": not a flag`,
		"--allow-other":          `"--allow-other": not a flag`,
		"--seed":                 `--seed: needs a value`,
		"--seed --mode 0400":     `--seed: needs a value`,
		"--seed=":                `--seed "": a seed is`,
		"--seed x":               `--seed "x": a seed is a decimal number`,
		"--seed 1 --seed 1":      `--seed: given twice`,
		"--generation 4096":      `--generation "4096": a generation is`,
		"--change 5":             `--change 5: must be a percentage`,
		"--shard 3/2":            `--shard 3/2: must be I/N`,
		"--rate 0":               `--rate "0": a rate is`,
		"--latency 2":            `--latency "2": a latency is`,
		"--fail eio":             `--fail "eio": must be`,
		"--mode 0777":            `--mode 0777: must have write permission for nobody`,
		"--uid x":                `--uid x: must be a number`,
		"--gid 5 --gid=6 --seed": `--gid: given twice`,
	} {
		file := writeTree(t, "# a\na 1M\n#! "+text+"\n")
		for _, args := range [][]string{{"--tree", file, mnt}, {"tree", "--tree", file}, {"tree", "--tree", file, "--seed", "1"}} {
			var stdout, stderr bytes.Buffer
			if status := run(args, &stdout, &stderr); status != exit.Usage || stdout.Len() > 0 {
				t.Errorf("%s: exit status %d, %s", text, status, &stdout)
			}
			if want := fmt.Sprintf("dgenfs: %s:3: %s", file, want); !strings.HasPrefix(stderr.String(), want) {
				t.Errorf("%s: %s; want %s", text, &stderr, want)
			}
		}
	}
}

// The command line of a mount can be used to print its tree file.
func TestTreeTakesTheArgumentsOfMount(t *testing.T) {
	want := runTree(t, "--size", "1G", "--seed", "7")
	for _, args := range []string{
		"-f --size 1G --seed 7 MNT",
		"--size 1G --seed 7 --transport dev --max-read 64K --threads 1 --numa off --allow-other --log l dgenfs MNT",
		"-o size=1G,seed=7,noexec,nonempty,x-systemd.automount MNT",
		"--size=1G dgenfs /no/such/directory --seed=7",
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"tree"}, strings.Fields(args)...), &stdout, &stderr)
		if status != exit.Done || stdout.String() != want || !strings.Contains(stderr.String(), "nothing is mounted: ") {
			t.Errorf("%s: exit status %d\n%s%s", args, status, &stderr, &stdout)
		}
	}
	for args, want := range map[string]string{
		"home":      "--preset home",
		"64G":       "--size 64G",
		"a:64G":     "--file",
		"a b c":     "3 arguments",
		"unmount m": "the command umount",
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"tree"}, strings.Fields(args)...), &stdout, &stderr)
		if status != exit.Usage || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("tree %s: exit status %d, want one that names %s\n%s%s", args, status, want, &stderr, &stdout)
		}
	}
}
