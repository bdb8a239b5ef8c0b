package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// script returns what a command prints.
func script(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(args, &stdout, &stderr); status != exitDone {
		t.Fatalf("%q: exit status %d, standard error %q", args, status, &stderr)
	}
	return stdout.String()
}

// have skips the test where a program is missing.
func have(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
}

// documented are all commands, flags and keys of a SPEC.
func documented(t *testing.T) []string {
	t.Helper()
	table := helpOfCommands()
	if len(table) != len(commands()) {
		t.Errorf("%d commands of %d tell their flags", len(table), len(commands()))
	}
	var words []string
	for _, c := range table {
		if c.summary == "" {
			t.Errorf("the usage has no line about %s", c.name)
		}
		words = append(words, c.name)
		for _, f := range c.flags {
			words = append(words, f.name)
			if f.short != "" {
				words = append(words, f.short)
			}
		}
	}
	if len(words) < 30 {
		t.Fatalf("only %q are documented", words)
	}
	// The error about an unknown key names all of them.
	_, err := spec.Parse("1,no-key=1")
	_, list, ok := strings.Cut(err.Error(), "there are ")
	if !ok {
		t.Fatalf("the keys are not in %q", err)
	}
	keys := strings.Split(list, ", ")
	var known []string
	for _, k := range specKeys {
		known = append(known, k.key)
	}
	if !slices.Equal(keys, known) {
		t.Errorf("specKeys has %q, a spec has %q", known, keys)
	}
	return append(words, keys...)
}

func TestCompletionHasEverything(t *testing.T) {
	for shell := range completions {
		text := script(t, "completion", shell)
		for _, word := range documented(t) {
			if !regexp.MustCompile(`(^|[^\w-]|--?)` + regexp.QuoteMeta(word) + `($|[^\w-])`).MatchString(text) {
				t.Errorf("%s: %q is missing", shell, word)
			}
		}
	}
}

func TestCompletionSyntax(t *testing.T) {
	for shell := range completions {
		t.Run(shell, func(t *testing.T) {
			have(t, shell)
			cmd := exec.Command(shell, "-n")
			cmd.Stdin = strings.NewReader(script(t, "completion", shell))
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// Command lines, without "dgenfs ", and what the last word of them may become.
// {dir} is a folder, which is taken away again.
var completionTests = []struct {
	line string
	want string
}{
	{"um", "umount"},
	{"c", "cat completion"},
	{"completion ", "bash zsh fish"},
	{"umount --l", "--lazy"},
	{"cat --", "--seed --offset --length --help"},
	{"--all", "--allow-other"},
	{"--foregr", "--foreground"},
	{"mount --foregr", "--foreground"},
	{"run --foregr", ""},
	{"version --", "--help"},
	// Values.
	{"--transport ", "auto dev uring"},
	{"mount --transport u", "uring"},
	{"run --numa f", "force"},
	{"--transport=", "auto dev uring"},
	{"--transport=d", "dev"},
	{"topology --numa=o", "off"},
	{"--size ", ""},
	{"--lazy=", ""},
	{"--size 64G,de", "64G,dedup="},
	{"--size 64G,dedup=3,s", "3,seed= 3,skew= 3,scope="},
	{"--file big:1G,u", "1G,unit="},
	{"cat 1M,co", "1M,compress="},
	{"cat ", ""},
	{"--uid ", ""},
	// Mount options.
	{"-o allow", "allow_other"},
	{"-o size=64G,allow", "64G,allow_other"},
	{"-o allow_other,num", "allow_other,numa= allow_other,numa_nodes="},
	{"run --options max", "max_read="},
	// Paths.
	{"--log {dir}/", "{dir}/a file {dir}/folder"},
	{"--log={dir}/f", "{dir}/folder"},
	{"{dir}/", "{dir}/folder"},
	{"--seed 1 {dir}/", "{dir}/folder"},
	{"mount --log {dir}/x {dir}/f", "{dir}/folder"},
	{"measure {dir}/a", "{dir}/a file"},
	{"umount ", `/mnt/synth /mnt/with\ blank1 /mnt/back\\slash`},
	{"umount /mnt/s", "/mnt/synth"},
	// The command of run.
	{"run -- envsub", "envsubtest"},
	{"run envsub", "envsubtest"},
	{"run --seed 1 -- envsubtest {dir}/a", "{dir}/a file"},
	{"run envsubtest --nu", ""},
	{"run -- envsubtest --nu", ""},
}

func TestCompletionInBash(t *testing.T) {
	have(t, "bash")
	dir := t.TempDir()
	mounts := filepath.Join(dir, "mounts")
	files := filepath.Join(dir, "files")
	bin := filepath.Join(dir, "bin")
	text := strings.ReplaceAll(script(t, "completion", "bash"), "/proc/self/mounts", mounts)
	for _, err := range []error{
		os.WriteFile(mounts, []byte("proc /proc proc rw 0 0\ndgenfs /mnt/synth fuse.dgenfs ro 0 0\n"+
			"my\\040source /mnt/with\\040blank1 fuse.dgenfs ro 0 0\nx /mnt/other fuse.other rw 0 0\ndgenfs /mnt/back\\134slash fuse.dgenfs ro 0 0\n"), 0o644),
		os.MkdirAll(filepath.Join(files, "folder"), 0o755),
		os.WriteFile(filepath.Join(files, "a file"), nil, 0o644),
		os.Mkdir(bin, 0o755),
		os.WriteFile(filepath.Join(bin, "envsubtest"), nil, 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "PATH=%s\n%s\n", quote(bin), text)
	for _, test := range completionTests {
		words := bashWords("dgenfs " + strings.ReplaceAll(test.line, "{dir}", files))
		for i := range words {
			words[i] = quote(words[i])
		}
		fmt.Fprintf(&b, "COMP_WORDS=(%s); COMP_CWORD=%d; _dgenfs; printf '%%s|' \"${COMPREPLY[@]}\"; echo\n", strings.Join(words, " "), len(words)-1)
	}
	cmd := exec.Command("bash", "--norc", "--noprofile")
	cmd.Stdin = strings.NewReader(b.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(completionTests) {
		t.Fatalf("%d answers to %d command lines:\n%s", len(lines), len(completionTests), out)
	}
	for i, test := range completionTests {
		got := strings.ReplaceAll(strings.TrimSuffix(lines[i], "|"), "|", " ")
		got = strings.ReplaceAll(got, files, "{dir}")
		if got != test.want {
			t.Errorf("%q: completed to %q, want %q", test.line, got, test.want)
		}
	}
}

// bashWords splits as bash does for completion.
func bashWords(line string) []string {
	var words []string
	for _, word := range strings.Split(line, " ") {
		if word == "" {
			words = append(words, "")
		}
		words = append(words, regexp.MustCompile(`[=:]+|[^=:]+`).FindAllString(word, -1)...)
	}
	return words
}

func TestCompletionBadInput(t *testing.T) {
	for args, names := range map[string]string{
		"completion":          "bash",
		"completion tcsh":     "tcsh",
		"completion bash zsh": "one shell",
		"completion --nope":   "--nope",
		"man 1":               "1",
	} {
		var stdout, stderr bytes.Buffer
		if status := run(strings.Fields(args), &stdout, &stderr); status != exitUsage {
			t.Errorf("%s: exit status %d, want %d", args, status, exitUsage)
		}
		if stdout.Len() > 0 || !strings.Contains(stderr.String(), names) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: standard output %q, standard error %q", args, &stdout, &stderr)
		}
	}
}
