//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// topView is some of what top --json prints.
type topView struct {
	Mountpoint, Transport string
	PID                   int
	Read, Write           *struct {
		BytesRate struct{ Now, Average, Peak float64 } `json:"bytes_per_second"`
		Bytes     uint64
		Requests  uint64
	}
	Requests []struct {
		Kind  string
		Total uint64
	}
	Latency []struct {
		Class string
		Total struct {
			Count  uint64
			Median float64 `json:"p50"`
			Max    float64
		}
	}
	BusyFiles []struct{ File string } `json:"busy_files"`
	Resident  uint64                  `json:"resident_bytes"`
}

func topOnce(t *testing.T, dir string, more ...string) (v topView) {
	t.Helper()
	text := output(t, program, append([]string{"top", "--once", "--json", "--interval", "0.2s", dir}, more...)...)
	if err := json.Unmarshal([]byte(text), &v); err != nil || strings.Count(text, "\n") != 1 {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestTopOnce(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		dir := mount(t, "--transport", transport, "--file", "d/a:16M", "--discard")
		reader := spawn(t, "bash", "-c", `while cat "$1/d/a"; do :; done >/dev/null`, "bash", dir)
		output(t, "dd", "if=/dev/zero", "of="+filepath.Join(dir, "new"), "bs=64K", "count=16")
		await(t, "top sees the reader", func() bool {
			return topOnce(t, dir).Read.BytesRate.Now > 0
		})
		v := topOnce(t, dir)
		syscall.Kill(reader.pid, syscall.SIGKILL)
		if v.Mountpoint != dir || v.Transport != transport || v.PID != theServer(t, dir) || v.Resident == 0 {
			t.Errorf("%+v", v)
		}
		if v.Read.Bytes < 16<<20 || v.Read.BytesRate.Peak < v.Read.BytesRate.Average || v.Write == nil || v.Write.Bytes != 1<<20 || v.Write.Requests == 0 {
			t.Errorf("read %+v, written %+v", v.Read, v.Write)
		}
		kinds := map[string]uint64{}
		for _, k := range v.Requests {
			kinds[k.Kind] = k.Total
		}
		if kinds["read"] < v.Read.Requests || kinds["write"] != v.Write.Requests || kinds["open"] == 0 || kinds["create"] == 0 {
			t.Errorf("%v", kinds)
		}
		for _, l := range v.Latency {
			if l.Total.Count == 0 || l.Total.Median <= 0 || l.Total.Max < l.Total.Median {
				t.Errorf("latency: %+v", l)
			}
		}
		if len(v.Latency) != 3 || len(v.BusyFiles) == 0 || v.BusyFiles[0].File != "d/a" {
			t.Errorf("latency %+v, files %+v", v.Latency, v.BusyFiles)
		}
		text := output(t, program, "top", "--once", "--interval", "0.2s", dir)
		if strings.Contains(text, "\x1b") || !strings.Contains(text, "requests") || !strings.Contains(text, "d/a") {
			t.Errorf("as text: %q", text)
		}
	})
}

// Reads that wait are counted, and those that are interrupted.
func TestTopOfReadsThatWait(t *testing.T) {
	overTransports(t, func(t *testing.T, transport string) {
		dir := mount(t, "--transport", transport, "--file", "slow:1M,latency=3600s")
		type counts struct {
			Waiting, Interrupted int
			Requests             map[string]int
		}
		stats := func() (c counts) {
			text, err := os.ReadFile(filepath.Join(dir, ".dgenfs", "stats"))
			if err == nil {
				err = json.Unmarshal(text, &c)
			}
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		reader := spawn(t, "head", "-c", "1", filepath.Join(dir, "slow"))
		await(t, "a read waits", func() bool { return stats().Waiting == 1 })
		syscall.Kill(reader.pid, syscall.SIGKILL)
		await(t, "it has been interrupted", func() bool { c := stats(); return c.Waiting == 0 && c.Interrupted == 1 })
	})
}

// When the mount goes away, or does not answer, top says so and ends.
func TestTopOfMountThatGoes(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(dir string)
		want string
	}{
		"unmounted": {func(dir string) {
			// Busy while top reads.
			await(t, "it is unmounted", func() bool { return dgenfs(t, "umount", dir).status == 0 })
		}, "not mounted there any more"},
		"killed": {func(dir string) { killServer(t, dir) }, "its server has ended"},
		"stopped": {func(dir string) {
			pid := theServer(t, dir)
			syscall.Kill(pid, syscall.SIGSTOP)
			t.Cleanup(func() { syscall.Kill(pid, syscall.SIGCONT) })
		}, "has not answered"},
	} {
		t.Run(name, func(t *testing.T) {
			overTransports(t, func(t *testing.T, transport string) {
				dir := mount(t, "--transport", transport)
				pipe := filepath.Join(t.TempDir(), "out")
				top := spawn(t, "bash", "-c", `exec "$1" top --interval 0.1s "$2" >"$3"`, "bash", program, dir, pipe)
				await(t, "top prints", func() bool { text, _ := os.ReadFile(pipe); return len(text) > 0 })
				test.do(dir)
				top.wait(t)
				text := top.stderr.String()
				if top.status.ExitStatus() != 1 || !strings.HasPrefix(text, "dgenfs: watching "+dir) || !strings.Contains(text, test.want) || strings.Count(text, "\n") != 1 {
					t.Errorf("exit status %d, %q", top.status.ExitStatus(), text)
				}
			})
		})
	}
}

// Who may not read .dgenfs is told so, and where there are several mounts, one has to be
// named.
func TestTopOfOtherMounts(t *testing.T) {
	needRoot(t)
	dir, other := mount(t), mount(t)
	if r := dgenfs(t, "top", "--once"); r.status != 2 || !strings.Contains(r.stderr, dir) || !strings.Contains(r.stderr, other) {
		t.Errorf("%+v", r)
	}
	cmd := command(t, program, "top", "--once", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	if r := try(t, cmd); r.status != 1 && r.status != 2 || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("%+v", r)
	}
}

// tmux is a terminal in which a shell runs.
type tmux struct {
	t   *testing.T
	dir string // of its socket
}

func newTmux(t *testing.T, columns, lines int) *tmux {
	t.Helper()
	need(t, "tmux")
	m := &tmux{t, t.TempDir()}
	t.Cleanup(func() { m.cmd("kill-server").Run() })
	r := try(t, m.cmd("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(lines), "bash --norc --noprofile -i"))
	if r.status != 0 {
		t.Fatalf("%+v", r)
	}
	m.do("set-option", "-g", "remain-on-exit", "on")
	m.enter(`PS1='ready$ '; clear`)
	m.await(`^ready\$`)
	return m
}

func (m *tmux) cmd(args ...string) *exec.Cmd {
	cmd := command(m.t, "tmux", append([]string{"-S", filepath.Join(m.dir, "s")}, args...)...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL=C.UTF-8", "TMUX=")
	return cmd
}

func (m *tmux) do(args ...string) string {
	m.t.Helper()
	r := try(m.t, m.cmd(args...))
	if r.status != 0 {
		m.t.Fatalf("tmux %q: %+v", args, r)
	}
	return r.stdout
}

// enter types a line.
func (m *tmux) enter(line string) {
	m.do("send-keys", "-l", line)
	m.do("send-keys", "Enter")
}

func (m *tmux) screen(more ...string) string {
	return m.do(append([]string{"capture-pane", "-p"}, more...)...)
}

// await waits until the screen matches a pattern.
func (m *tmux) await(pattern string) string {
	m.t.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	var text string
	defer func() {
		if m.t.Failed() {
			m.t.Logf("waited for %s; screen:\n%s", pattern, text)
		}
	}()
	await(m.t, "the screen has "+pattern, func() bool { text = m.screen(); return re.MatchString(text) })
	return text
}

// isRestored checks that the terminal is as a shell leaves it to its commands.
func (m *tmux) isRestored() {
	m.t.Helper()
	m.enter("clear; stty -a; echo end'ed'")
	text := m.await("^ended")
	if !strings.Contains(text, " icanon ") || !strings.Contains(text, " echo ") || strings.Contains(text, "-icanon") {
		m.t.Errorf("the terminal is left as\n%s", text)
	}
	if flags := m.do("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}"); flags != "0 1 1\n" {
		m.t.Errorf("alternate screen, cursor and wrapping are %s", flags)
	}
}

func TestTopOnTerminal(t *testing.T) {
	dir := mount(t, "--size", "1G")
	m := newTmux(t, 80, 24)
	run := "'" + program + "' top --interval 0.1s " + dir + "; echo status $?"
	m.enter(run)
	m.await("^requests +per s +read sizes +share +latency ")
	text := m.await("^ q quit")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 24 || !strings.HasPrefix(lines[0], "dgenfs top "+dir[:8]) && !strings.Contains(lines[0], "…") {
		t.Errorf("%d lines:\n%s", len(lines), text)
	}
	m.do("send-keys", "t")
	m.await("^requests +total")
	m.do("send-keys", "s")
	m.await("^files read and written most")
	m.do("send-keys", "p")
	m.await("PAUSED")
	m.do("send-keys", "?")
	m.await("^now +in the last interval")
	m.do("send-keys", "Escape")
	m.await("PAUSED")
	m.do("send-keys", "p")

	// Another size, while it runs.
	m.do("resize-window", "-x", "120", "-y", "50")
	m.await(`(?s)^dgenfs top [^\n]{100,}.*\n{2,} q quit`)
	m.do("resize-window", "-x", "30", "-y", "8")
	m.await(`^dgenfs top`)
	m.do("resize-window", "-x", "80", "-y", "24")

	// Suspended, the shell has the terminal; then it goes on.
	m.await("^requests +total")
	m.do("send-keys", "C-z")
	m.await("Stopped")
	m.isRestored()
	m.enter("fg")
	m.await("^ q quit")
	m.do("send-keys", "q")
	m.await(`^ready\$`)
	m.isRestored()

	for key, status := range map[string]string{"C-c": "130", `C-\`: "131"} {
		m.enter("clear; " + run)
		m.await("^ q quit")
		m.do("send-keys", key)
		m.await("^status " + status)
		m.isRestored()
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		file := filepath.Join(t.TempDir(), "pid")
		m.enter("clear; sh -c 'echo $$ >" + file + "; exec \"$0\" top " + dir + "' '" + program + "'; echo status $?")
		m.await("^ q quit")
		text, err := os.ReadFile(file)
		pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || convErr != nil {
			t.Fatal(err, convErr)
		}
		syscall.Kill(pid, signal)
		m.await("^status " + strconv.Itoa(128+int(signal)))
		m.isRestored()
	}

	// Colours, and none where they are not wanted.
	m.enter("clear; " + run)
	m.await("^ q quit")
	if text := m.screen("-e"); !strings.Contains(text, "\x1b[") {
		t.Errorf("there are no colours: %q", text)
	}
	m.do("send-keys", "q")
	m.enter("clear; NO_COLOR=1 " + run)
	m.await("^ q quit")
	if text := m.screen("-e"); strings.Contains(text, "\x1b[") {
		t.Errorf("with NO_COLOR, there are colours: %q", text)
	}
	// The mount goes away.
	await(t, "it is unmounted", func() bool { return dgenfs(t, "umount", dir).status == 0 })
	m.await("(?s)any more\n*status 1")
	m.isRestored()
}
