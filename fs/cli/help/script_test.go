package help

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// have skips the test where a program is missing.
func have(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("needs %s, which is not installed", program)
	}
	return path
}

func script(t *testing.T, shell string) string {
	t.Helper()
	text, ok := Script(shell)
	if !ok {
		t.Fatalf("there is no script for %s", shell)
	}
	return text
}

func TestScript(t *testing.T) {
	for _, shell := range Shells {
		if text := script(t, shell); !strings.Contains(text, "__complete "+shell+" -- ") {
			t.Errorf("%s: the script does not call __complete", shell)
		}
	}
	for _, shell := range []string{"", "tcsh", "../complete.bash"} {
		if text, ok := Script(shell); ok || text != "" {
			t.Errorf("%q has a script", shell)
		}
	}
}

func TestScriptSyntax(t *testing.T) {
	for _, shell := range Shells {
		t.Run(shell, func(t *testing.T) {
			have(t, shell)
			cmd := exec.Command(shell, "-n")
			cmd.Stdin = strings.NewReader(script(t, shell))
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// What is typed, and the arguments that the program gets then. There are a file
// "file one", a directory "directory two" and a program "someprogram".
var typed = []struct{ keys, want string }{
	{"dgenfs umo\t/mnt/sy\t", `["umount" "/mnt/synth"]`},
	{"dgenfs umount /mnt/wi\t", `["umount" "/mnt/with blank1"]`},
	{"dgenfs umount '/mnt/wi\t", `["umount" "/mnt/with blank1"]`},
	{"dgenfs umount /mnt/ba\t", `["umount" "/mnt/back\\slash"]`},
	{"dgenfs mount --allow\t --trans\tu\t x", `["mount" "--allow-other" "--transport" "uring" "x"]`},
	{"dgenfs --transport=u\t x", `["--transport=uring" "x"]`},
	{"dgenfs cat 1M,ded\t3,comp\t2", `["cat" "1M,dedup=3,compress=2"]`},
	{"dgenfs --size=1M,ded\t3,comp\t2", `["--size=1M,dedup=3,compress=2"]`},
	{"dgenfs --file big:1G,fail=eio@1M,la\t2ms", `["--file" "big:1G,fail=eio@1M,latency=2ms"]`},
	{"dgenfs -o seed=1,allow\t x", `["-o" "seed=1,allow_other" "x"]`},
	{"dgenfs -o seed=1,log=fi\tx", `["-o" "seed=1,log=file one" "x"]`},
	{"dgenfs --log fi\tx", `["--log" "file one" "x"]`},
	{"dgenfs --log=fi\tx", `["--log=file one" "x"]`},
	{"dgenfs --log=$PWD/fi\tx", `["--log={home}/file one" "x"]`},
	{"dgenfs measure ~/fi\t", `["measure" "{home}/file one"]`},
	{"dgenfs ~/direc\t", `["{home}/directory two"]`},
	{"dgenfs --log=~/fi\tx", `["--log=~/file one" "x"]`},
	{"dgenfs direc\t", `["directory two"]`},
	{"dgenfs --seed 1 direc\t", `["--seed" "1" "directory two"]`},
	{"dgenfs run -- somepro\tdirec\t", `["run" "--" "someprogram" "directory two"]`},
	{"dgenfs run --seed 1 somepro\tfi\t", `["run" "--seed" "1" "someprogram" "file one"]`},
	{"bin/dgenfs completion fi\t", `["completion" "fish"]`},
	{"~/bin/dgenfs completion fi\t", `["completion" "fish"]`},
	{"dgenfs completion nothing\t", `["completion" "nothing"]`},
}

func TestScriptCompletes(t *testing.T) {
	const prompt = "PS1='ready> '\n"
	const compinit = "autoload -Uz compinit; compinit -u -D\n"
	for _, test := range []struct{ name, shell, args, rc, site string }{
		{"bash", "bash", "--noprofile --rcfile ../rc -i", prompt + script(t, "bash"), ""},
		{"zsh", "zsh", "-d -i", prompt + compinit + script(t, "zsh"), ""},
		{"zsh-autoload", "zsh", "-d -i", prompt + "fpath=($ZDOTDIR $fpath)\n" + compinit, script(t, "zsh")},
		{"fish", "fish", "-i", "set fish_greeting\nfunction fish_prompt\necho -n 'ready> '\nend\n" + script(t, "fish"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := have(t, test.shell)
			dir := t.TempDir()
			home, record := filepath.Join(dir, "home"), filepath.Join(dir, "record")
			prepare(t, dir, test.rc, test.site)
			cmd := exec.Command(path, strings.Fields(test.args)...)
			cmd.Dir = home
			cmd.Env = []string{
				"PATH=" + filepath.Join(home, "bin") + ":/usr/bin:/bin", "HOME=" + home, "ZDOTDIR=" + dir, "XDG_CONFIG_HOME=" + dir,
				"XDG_DATA_HOME=" + dir, "TERM=xterm", "LC_ALL=C.UTF-8", "INPUTRC=/dev/null", standIn + "=" + record,
			}
			term := startOnTerminal(t, cmd)
			term.await(t, "prompt", func() bool { return term.shows("ready> ") })
			got := func() []string {
				text, _ := os.ReadFile(record)
				return strings.SplitAfter(string(text), "\n")
			}
			for i, test := range typed {
				term.keys(t, test.keys+"\r")
				term.await(t, fmt.Sprintf("%q", test.keys), func() bool { return len(got()) > i+1 })
				// zsh takes the slash after a directory away again.
				args := strings.ReplaceAll(strings.TrimSpace(got()[i]), `two/"`, `two"`)
				if want := strings.ReplaceAll(test.want, "{home}", home); args != want {
					t.Errorf("%q: the arguments are %s, want %s", test.keys, args, want)
				}
			}
		})
	}
}

// prepare makes a home in dir, with what is to be completed, and puts beside it what
// each shell reads when it starts, and what zsh loads for completion.
func prepare(t *testing.T, dir, rc, site string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// fish makes completions from all manual pages if there is no such directory.
	for _, name := range []string{"home/bin", "home/directory two", "fish/generated_completions"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, filepath.Join(dir, "home/bin/dgenfs")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"home/file one": "", "home/bin/someprogram": "#!/bin/sh\n",
		"rc": rc, ".zshrc": rc, "fish/config.fish": rc, "_dgenfs": site,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}
