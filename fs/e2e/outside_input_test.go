//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What comes from outside, such as names, specs and tree files, is quoted and cut
// wherever it is printed: it must neither control a terminal, nor forge a line of a
// log, nor fill one.

// unprintable returns the first character of a text that a terminal would not just
// show, but for the ends of lines, and false if there is none.
func unprintable(text string) (string, bool) {
	for i, c := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		if c == utf8.RuneError && size == 1 || c != '\n' && !unicode.IsPrint(c) {
			return text[i : i+size], true
		}
	}
	return "", false
}

// oneShortLine checks that a command has failed with an exit status, nothing on
// standard output, and one line on standard error that is fit for a terminal.
func oneShortLine(t *testing.T, what string, r result, status int) {
	t.Helper()
	if r.status != status || r.stdout != "" || !strings.HasPrefix(r.stderr, "dgenfs: ") || strings.Index(r.stderr, "\n") != len(r.stderr)-1 {
		t.Errorf("%s: exit status %d, standard output %.200q, standard error of %d lines %.300q; want status %d and one line",
			what, r.status, r.stdout, strings.Count(r.stderr, "\n"), r.stderr, status)
	}
	if c, found := unprintable(r.stderr); found {
		t.Errorf("%s: prints %q: %.300q", what, c, r.stderr)
	}
	if len(r.stderr) >= 1000 {
		t.Errorf("%s: prints %d bytes", what, len(r.stderr))
	}
}

// evil has what terminals and logs take for more than text: an escape sequence, ends
// of lines, a C1 control, one that turns the direction of writing, wrong UTF-8.
const evil = "a\x1b[31mb\nc\rd\x7f\u009b\u202e\xffe"

func TestControlCharactersInErrors(t *testing.T) {
	dir := t.TempDir()
	plain, dead := filepath.Join(dir, "plain"), filepath.Join(dir, evil)
	if err := os.WriteFile(dead, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(plain, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{evil}, {dead}, {"mount", filepath.Join(dir, "missing"+evil)}, {evil, evil, evil},
		{"--file", evil, plain}, {"--file", "x:" + evil, plain}, {"--file", evil + ":1M," + evil + "=1", plain}, {"--file", evil + "{0..:1M", plain},
		{"--file", evil + ":1M", "--file", evil + ":2M", plain}, {"--size", evil, plain}, {"--size", "1M,dedup=" + evil, plain}, {"--size", "1M,seed=" + evil, plain},
		{"--seed", evil, plain}, {"--tree", dir + "/missing" + evil, plain}, {"--preset", evil, plain}, {"--transport", evil, plain}, {"--max-read", evil, plain},
		{"--rate", evil, plain}, {"--latency", evil, plain}, {"--fail", evil, plain}, {"--mode", evil, plain}, {"--shard", evil, plain}, {"--change", evil, plain},
		{"--threads", evil, plain}, {"--numa", evil, plain}, {"--numa-nodes", evil, plain}, {"--" + evil, plain}, {"-" + evil, plain}, {"--log", dir + "/missing" + evil + "/log", plain},
		{"-o", evil, plain}, {"-o", evil + "=1", plain}, {"-o", "size=" + evil, plain}, {"-o", `size="` + evil, plain},
		{"umount", evil}, {"umount", dir + "/missing" + evil}, {"umount", dead}, {"cat", evil}, {"cat", "1M," + evil + "=3"}, {"cat", "--offset", evil, "1M"},
		{"measure", evil}, {"measure", "--" + evil, "1M"}, {"tree", "--size", evil}, {"tree", evil, evil, evil}, {"completion", evil}, {"topology", evil}, {"bench", "--" + evil}, {"man", evil},
	} {
		r := dgenfs(t, args...)
		if r.status == 0 {
			t.Errorf("%.300q: exit status 0", args)
			continue
		}
		if r.status != 1 && r.status != 2 {
			t.Errorf("%.300q: exit status %d", args, r.status)
		}
		oneShortLine(t, fmt.Sprintf("%.300q", args), r, r.status)
	}
	for _, text := range []string{evil + " 1M\n", "x " + strings.ReplaceAll(evil, "\n", "") + "\n", "x 1M," + strings.ReplaceAll(evil, "\n", "") + "=1\n"} {
		for _, args := range [][]string{{"--tree", "-", plain}, {"tree", "--tree", "-"}} {
			cmd := command(t, program, args...)
			cmd.Stdin = strings.NewReader(text)
			r := try(t, cmd)
			if c, found := unprintable(r.stderr); found || r.status != 2 || r.stdout != "" {
				t.Errorf("a tree file of %q: exit status %d, prints %q, %q", text, r.status, c, r.stderr)
			}
		}
	}
	if mounted(t, plain) {
		t.Error("mounted nevertheless")
	}
}

// A tree file that dgenfs writes can be shown by cat, and names what it was made of.
func TestControlCharactersInTrees(t *testing.T) {
	listed := []string{evil, "b", "esc\x1b[31m", "c1\u009b", "del\x7f", "rtl\u202e", "wrong\xff", "line\n", "return\r", "tab\t"}
	var args []string
	for _, name := range listed {
		args = append(args, "--file", escaped(name, false)+":1K")
	}
	slices.Sort(listed)
	printed := output(t, program, append([]string{"tree"}, args...)...)
	if c, found := unprintable(printed); found {
		t.Errorf("dgenfs tree prints %q: %q", c, printed)
	}
	dir := mount(t, args...)
	for _, file := range []string{"tree", "config"} {
		text := output(t, "cat", filepath.Join(dir, ".dgenfs", file))
		if c, found := unprintable(text); found {
			t.Errorf(".dgenfs/%s has %q: %q", file, c, text)
		}
	}
	if got := names(t, dir); !slices.Equal(got, listed) {
		t.Errorf("the root lists %q", got)
	}
	again := t.TempDir()
	cmd := command(t, program, "--tree", "-", again)
	cmd.Stdin = strings.NewReader(printed)
	unmountAtEnd(t, again)
	if r := try(t, cmd); r.status != 0 {
		t.Fatalf("what dgenfs tree printed: %+v", r)
	}
	if got := names(t, again); !slices.Equal(got, listed) {
		t.Errorf("a mount of what dgenfs tree printed lists %q", got)
	}
}

// A mount point cannot forge lines of a log, of standard error, or of what a supervisor
// is sent.
func TestControlCharactersInMountPoints(t *testing.T) {
	for _, how := range []string{"foreground", "log"} {
		t.Run(how, func(t *testing.T) {
			env, next := supervisor(t)
			base := t.TempDir()
			dir, log := filepath.Join(base, "x\x1b[31m\nMAINPID=1\nSTOPPING=1\ndgenfs[1]: forged"), filepath.Join(base, "log")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			unmountAtEnd(t, dir)
			args := []string{"-f", dir}
			if how == "log" {
				args = []string{"--log", log, dir}
			}
			cmd := command(t, program, args...)
			cmd.Env = append(os.Environ(), env)
			mounting := start(t, cmd)
			for _, line := range next() {
				if line == "MAINPID=1" || line == "STOPPING=1" || strings.Contains(line, "\x1b") {
					t.Errorf("the supervisor is sent %q", line)
				}
			}
			pid := theServer(t, dir)
			busy := openFile(t, dir+"/1G", os.O_RDONLY)
			syscall.Kill(pid, syscall.SIGTERM)
			next() // that it is busy
			busy.Close()
			syscall.Kill(pid, syscall.SIGTERM)
			awaitNoServer(t, dir)
			mounting.wait(t)
			text := mounting.stderr.Bytes()
			if how == "log" {
				if len(text) != 0 {
					t.Errorf("standard error has %q", text)
				}
				var err error
				if text, err = os.ReadFile(log); err != nil {
					t.Fatal(err)
				}
			}
			if c, found := unprintable(string(text)); found {
				t.Errorf("prints %q: %q", c, text)
			}
			if !slices.Contains([]int{2, 3}, bytes.Count(text, []byte("\n"))) || bytes.Contains(text, []byte("\ndgenfs[1]: ")) {
				t.Errorf("want lines that it serves, is busy, and perhaps that it is detached: %q", text)
			}
		})
	}
}

// What is wrong is not printed whole if it is long.
func TestLongInput(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("n", 70_000)
	for _, args := range [][]string{
		{long}, {dir + "/" + long}, {"source", dir + "/" + long}, {"umount", long}, {"umount", dir + "/" + long},
		{"--file", long + ":1M", dir}, {"--file", long, dir}, {"--file", "x:" + long, dir}, {"--file", "x:1M," + long + "=1", dir}, {"--file", "x:1M,seed=" + long, dir},
		{"--file", "{0.." + long + ":1M", dir}, {"--size", long, dir}, {"--seed", long, dir}, {"--tree", "/" + long, dir}, {"--log", "/" + long, dir}, {"--preset", long, dir},
		{"--" + long, dir}, {"--rate", long, dir}, {"--fail", long, dir}, {"-o", long, dir}, {"-o", "size=" + long, dir},
		{long, long, long}, {"cat", long}, {"cat", "1M," + long}, {"measure", long}, {"completion", long},
	} {
		r := dgenfs(t, args...)
		if r.status != 1 && r.status != 2 {
			t.Errorf("%.100q: exit status %d", args, r.status)
		}
		oneShortLine(t, fmt.Sprintf("%.30q", args), r, r.status)
	}
	// The source is an argument of mount(2), which takes a page.
	if r := dgenfs(t, long, dir); r.status == 0 {
		t.Error("a source of 70,000 bytes: exit status 0")
	} else {
		oneShortLine(t, "a source of 70,000 bytes", r, r.status)
	}
	if mounted(t, dir) || len(servers(dir)) != 0 {
		t.Error("mounted nevertheless")
	}
}

// A line of a tree file is not read into memory, nor printed, whatever its length.
func TestLongTreeLine(t *testing.T) {
	dir := t.TempDir()
	for _, line := range []string{strings.Repeat("n", 100<<20), "x 1M," + strings.Repeat("n", 100<<20), strings.Repeat(`\x41`, 25<<20) + " 1M"} {
		cmd := command(t, program, "--tree", "-", dir)
		cmd.Stdin = strings.NewReader("good 1M\n" + line + "\n")
		r := try(t, cmd)
		oneShortLine(t, "a tree line of 100 MB: "+line[:10], r, 2)
		if !strings.Contains(r.stderr, ":2: ") {
			t.Errorf("the message does not name the line: %.200q", r.stderr)
		}
	}
	if mounted(t, dir) {
		t.Error("mounted nevertheless")
	}
}
