//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// tempDir makes this test's temporary directory that of dgenfs, too, and checks at
// the end of the test that nothing is left in it, nor any server.
func tempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left := leftIn(t, dir); left != "" {
			t.Errorf("left in the end: %s", left)
		}
	})
	return dir
}

// leftIn lists what run has left in a directory: files, mounts or servers.
func leftIn(t *testing.T, dir string) string {
	t.Helper()
	var left []string
	names, err := filepath.Glob(dir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		left = append(left, name)
		if mounted(t, name) {
			left = append(left, "a mount on "+name)
		}
	}
	for _, pid := range servers("") {
		if args, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); strings.Contains(string(args), dir) {
			left = append(left, "the server "+strconv.Itoa(pid))
		}
	}
	return strings.Join(left, ", ")
}

func TestRun(t *testing.T) {
	tempDir(t)
	sum := strings.Fields(output(t, "bash", "-c", `"$0" cat --seed 3 5000011 | sha256sum`, program))[0]
	tests := []struct {
		args   []string
		status int
		stdout string
	}{
		{[]string{"--", "true"}, 0, ""},
		{[]string{"--", "false"}, 1, ""},
		{[]string{"true"}, 0, ""},
		{[]string{"--", "sh", "-c", "exit 77"}, 77, ""},
		{[]string{"sh", "-c", "exit 77"}, 77, ""},
		{[]string{"--", "sh", "-c", "kill -9 $$"}, 137, ""},
		{[]string{"--", "sh", "-c", "kill -TERM $$"}, 143, ""},
		{[]string{"--seed", "3", "--", "sh", "-c", "sha256sum <{}/5000011"}, 0, sum + "  -\n"},
		{[]string{"--seed=3", "--", "sh", "-c", "sha256sum <$DGENFS_MOUNT/5000011"}, 0, sum + "  -\n"},
		{[]string{"--size", "1M", "-o", "files=3", "ls", "{}"}, 0, "data-0\ndata-1\ndata-2\n"},
		{[]string{"--", "sh", "-c", `test "$1" = "a$DGENFS_MOUNT/b$DGENFS_MOUNT"`, "sh", "a{}/b{}"}, 0, ""},
		{[]string{"--", "echo", "--", "-x", "--size", "$HOME", "a b", ""}, 0, "-- -x --size $HOME a b \n"},
		{[]string{"--", "dd", "if={}/16M", "of=/dev/null", "bs=1M", "status=none"}, 0, ""},
		{[]string{"--", "/nowhere/command"}, 127, ""},
		{[]string{"--", "no-such-command-at-all"}, 127, ""},
		{[]string{"--", "/etc/passwd"}, 126, ""},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			r := dgenfs(t, append([]string{"run"}, test.args...)...)
			if r.status != test.status || r.stdout != test.stdout {
				t.Errorf("exit status %d, standard output %q; want %d, %q\n%s", r.status, r.stdout, test.status, test.stdout, r.stderr)
			}
			for line := range strings.Lines(r.stderr) {
				if !strings.HasPrefix(line, "dgenfs: ") {
					t.Errorf("standard error is not what was served, or is wrong: %q", r.stderr)
				}
			}
			if n := strings.Count(r.stderr, "\n"); n == 0 || n > 1 && !strings.Contains(r.stderr, "latency of reads: ") {
				t.Errorf("standard error has %d lines: %q", n, r.stderr)
			}
		})
	}
	r := dgenfs(t, "run", "--", "head", "-c", "16777216", "{}/1G")
	if len(r.stdout) != 16<<20 || !strings.Contains(r.stderr, "served 16 MiB in ") {
		t.Errorf("%d bytes, %q", len(r.stdout), r.stderr)
	}
	for _, want := range []string{"\ndgenfs: requests: read ", "sizes of reads: to ", "most: 1G 16.", "of memory at most"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q is missing in %s", want, r.stderr)
		}
	}
	if r := dgenfs(t, "run", "--quiet", "--", "cat", "{}/1M"); len(r.stdout) != 1<<20 || r.stderr != "" {
		t.Errorf("--quiet: %d bytes, %q", len(r.stdout), r.stderr)
	}
	// Standard input is for the command.
	cmd := command(t, program, "run", "cat")
	cmd.Stdin = strings.NewReader("what goes in\n")
	if r := try(t, cmd); r.stdout != "what goes in\n" {
		t.Errorf("cat printed %q", r.stdout)
	}
}

// startRun starts run with a shell script as the command. It returns once the script
// has come to the word STARTED, which stands for writing the script's process and
// mount point, and returns these.
func startRun(t *testing.T, dir, script string) (run *spawned, pid int, mnt string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "started")
	script = strings.Replace(script, "STARTED", `echo $$ "$DGENFS_MOUNT" >"$0.new" && mv "$0.new" "$0"`, 1)
	run = spawn(t, program, "run", "--", "sh", "-c", script, file)
	await(t, "the command runs", func() bool {
		if run.hasEnded() {
			t.Fatalf("run has ended: %v, %s", run.status, &run.stderr)
		}
		text, _ := os.ReadFile(file)
		fields := strings.Fields(string(text))
		if len(fields) == 2 {
			pid, _ = strconv.Atoi(fields[0])
			mnt = fields[1]
		}
		return len(fields) == 2
	})
	if filepath.Dir(mnt) != dir || !mounted(t, mnt) {
		t.Fatalf("the mount point %s is not in %s, or nothing is mounted there", mnt, dir)
	}
	t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
	return run, pid, mnt
}

// Signals to run are for the command.
func TestRunPassesSignalsOn(t *testing.T) {
	dir := tempDir(t)
	run, _, _ := startRun(t, dir, `trap "exit 42" TERM; STARTED; while :; do sleep 0.05; done`)
	syscall.Kill(run.pid, syscall.SIGTERM)
	run.wait(t)
	if run.status.ExitStatus() != 42 {
		t.Errorf("exit status %d, want that of the command's trap\n%s", run.status.ExitStatus(), &run.stderr)
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		run, _, _ := startRun(t, dir, `STARTED; exec sleep 600`)
		syscall.Kill(run.pid, signal)
		run.wait(t)
		if run.status.ExitStatus() != 128+int(signal) {
			t.Errorf("%v: exit status %d", signal, run.status.ExitStatus())
		}
		if left := leftIn(t, dir); left != "" {
			t.Errorf("%v: left behind: %s", signal, left)
		}
	}
}

// Nothing is left behind when the command is killed.
func TestRunWhoseCommandIsKilled(t *testing.T) {
	dir := tempDir(t)
	for _, script := range []string{"STARTED; exec sleep 600", `STARTED; exec dd if="$DGENFS_MOUNT/7E" of=/dev/null bs=1M status=none`} {
		run, pid, mnt := startRun(t, dir, script)
		if strings.Contains(script, "dd") {
			await(t, "the command reads", func() bool { return hasOpen(pid, mnt) })
		}
		syscall.Kill(pid, syscall.SIGKILL)
		run.wait(t)
		if run.status.ExitStatus() != 137 {
			t.Errorf("%s: exit status %d, want 137", script, run.status.ExitStatus())
		}
		if left := leftIn(t, dir); left != "" {
			t.Errorf("%s: left behind: %s", script, left)
		}
	}
}

// Nothing is left behind when run itself is killed, whatever its command does.
func TestRunThatIsKilled(t *testing.T) {
	dir := tempDir(t)
	for _, script := range []string{
		"STARTED; exec sleep 600",
		`STARTED; exec dd if="$DGENFS_MOUNT/7E" of=/dev/null bs=1M status=none`,
		`cd "$DGENFS_MOUNT"; STARTED; exec sleep 600`,
	} {
		run, _, mnt := startRun(t, dir, script)
		syscall.Kill(run.pid, syscall.SIGKILL)
		await(t, script+": nothing is left", func() bool { return leftIn(t, dir) == "" && !mounted(t, mnt) })
	}
}

// The server of run can die, too.
func TestRunWhoseServerIsKilled(t *testing.T) {
	dir := tempDir(t)
	run, pid, mnt := startRun(t, dir, `exec 3<"$DGENFS_MOUNT/7E"; STARTED; cat <&3 >/dev/null; exit 5`)
	if !hasOpen(pid, mnt) {
		t.Fatal("the command does not read")
	}
	killServer(t, mnt)
	run.wait(t)
	if s := run.status.ExitStatus(); s == 0 || !strings.Contains(run.stderr.String(), "dgenfs: ") {
		t.Errorf("exit status %d, %q", s, &run.stderr)
	}
	if left := leftIn(t, dir); left != "" {
		t.Errorf("left behind: %s", left)
		dgenfs(t, "umount", "--lazy", mnt)
		os.Remove(mnt)
	}
}

// A command may leave children behind that still read.
func TestRunWithChildrenLeftBehind(t *testing.T) {
	dir := tempDir(t)
	r := dgenfs(t, "run", "--", "sh", "-c", `exec 3<"$DGENFS_MOUNT/1G"; sleep 600 <&3 >/dev/null 2>&1 & echo $!`)
	pid, err := strconv.Atoi(strings.TrimSpace(r.stdout))
	if err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	if r.status != 0 || !strings.Contains(r.stderr, "still in use") {
		t.Errorf("exit status %d, %q", r.status, r.stderr)
	}
	if left := leftIn(t, dir); left != "" {
		t.Errorf("left behind: %s", left)
	}
	// run waits a moment for children that end soon. Whether one does depends on the
	// machine, so one of several has to.
	waited := false
	for i := 0; i < 20 && !waited; i++ {
		r = dgenfs(t, "run", "--", "sh", "-c", `exec 3<"$DGENFS_MOUNT/1G"; sleep 0.3 <&3 >/dev/null 2>&1 &`)
		waited = r.status == 0 && !strings.Contains(r.stderr, "in use")
	}
	if !waited {
		t.Errorf("no child that ended soon was waited for: exit status %d, %q", r.status, r.stderr)
	}
}

// Where nothing can be mounted, run says so and leaves nothing behind.
func TestRunFailsToMount(t *testing.T) {
	tempDir(t)
	r := dgenfs(t, "run", "--log", "/nowhere/log", "--", "true")
	if r.status != 2 || !strings.HasPrefix(r.stderr, "dgenfs: --log") || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("%+v", r)
	}
	t.Setenv("TMPDIR", "/nowhere")
	r = dgenfs(t, "run", "--", "true")
	if r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, "/nowhere") {
		t.Errorf("%+v", r)
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	dir := tempDir(t)
	const untilTold = `STARTED; until [ -e "$TMPDIR/../go" ]; do sleep 0.05; done`
	one, _, a := startRun(t, dir, untilTold)
	two, _, b := startRun(t, dir, untilTold)
	if a == b || !mounted(t, a) || !mounted(t, b) {
		t.Errorf("they use %s and %s", a, b)
	}
	if err := os.WriteFile(filepath.Join(dir, "../go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	one.wait(t)
	two.wait(t)
	if one.status.ExitStatus() != 0 || two.status.ExitStatus() != 0 {
		t.Errorf("exit statuses %d and %d", one.status.ExitStatus(), two.status.ExitStatus())
	}
}
