//go:build e2e

package e2e

import (
	"slices"

	"golang.org/x/sys/unix"

	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// supervisor listens as systemd does. The function it returns waits for the next
// message.
func supervisor(t *testing.T) (env string, next func() []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return "NOTIFY_SOCKET=" + path, func() []string {
		t.Helper()
		buf := make([]byte, 10000)
		socket.SetReadDeadline(time.Now().Add(patience))
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatalf("no message: %v", err)
		}
		return strings.Split(strings.TrimSpace(string(buf[:n])), "\n")
	}
}

func TestNotifySupervisor(t *testing.T) {
	for _, foreground := range []bool{true, false} {
		t.Run(fmt.Sprint(foreground), func(t *testing.T) {
			env, next := supervisor(t)
			dir, logs := t.TempDir(), t.TempDir()
			cmd := command(t, program, "--foreground="+strconv.FormatBool(foreground), "--log", "log", dir)
			cmd.Env, cmd.Dir = append(os.Environ(), env), logs
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a service has no terminal
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				cmd.Process.Kill()
				cmd.Wait()
			})
			unmountAtEnd(t, dir)
			ready := next()
			pid := cmd.Process.Pid
			if !foreground {
				pid = theServer(t, dir)
			}
			hasAll(t, ready, "READY=1", "MAINPID="+strconv.Itoa(pid), "STATUS=serving "+dir+": transport: ")

			// The log is renamed, and a new one is opened.
			log := filepath.Join(logs, "log")
			for range 3 {
				if err := os.Rename(log, log+".1"); err != nil {
					t.Fatal(err)
				}
				before := monotonic(t).Microseconds()
				syscall.Kill(pid, syscall.SIGHUP)
				reloading := next()
				hasAll(t, reloading, "RELOADING=1", "MONOTONIC_USEC=")
				for _, line := range reloading {
					if text, ok := strings.CutPrefix(line, "MONOTONIC_USEC="); ok {
						if at, err := strconv.ParseInt(text, 10, 64); err != nil || at < before || at > monotonic(t).Microseconds() {
							t.Errorf("%s, asked at %d", line, before)
						}
					}
				}
				hasAll(t, next(), "READY=1", "STATUS=serving "+dir)
				if _, err := os.Stat(log); err != nil {
					t.Fatal(err)
				}
			}
			reader := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
			syscall.Kill(pid, syscall.SIGTERM)
			hasAll(t, next(), "STATUS=not unmounted, busy")
			if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "busy") {
				t.Errorf("the new log has %q, %v", text, err)
			}
			reader.Close()
			syscall.Kill(pid, syscall.SIGTERM)
			hasAll(t, next(), "STOPPING=1")
			awaitNoServer(t, dir)
			if mounted(t, dir) {
				t.Error("still mounted")
			}
		})
	}
}

// A log can be below the mount point, which the server must not look into.
func TestNotifyCoveredLog(t *testing.T) {
	env, next := supervisor(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	cmd := command(t, program, "--log", log, dir)
	cmd.Env = append(os.Environ(), env)
	unmountAtEnd(t, dir)
	if r := try(t, cmd); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	hasAll(t, next(), "READY=1")
	pid := theServer(t, dir)
	syscall.Kill(pid, syscall.SIGHUP)
	hasAll(t, next(), "RELOADING=1")
	hasAll(t, next(), "READY=1")
	reader := openFile(t, filepath.Join(dir, "1G"), os.O_RDONLY)
	syscall.Kill(pid, syscall.SIGTERM)
	hasAll(t, next(), "STATUS=not unmounted, busy")
	reader.Close()
	output(t, "umount", dir)
	awaitNoServer(t, dir)
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "serving") || !strings.Contains(string(text), "busy") {
		t.Errorf("the log has %q, %v", text, err)
	}
}

// To a process with a terminal, SIGHUP means that the terminal has gone.
func TestNotifyTerminal(t *testing.T) {
	need(t, "script")
	env, next := supervisor(t)
	dir := t.TempDir()
	cmd := command(t, "script", "-qec", program+" -f "+dir, os.DevNull)
	cmd.Env = append(os.Environ(), env)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	unmountAtEnd(t, dir)
	pid := 0
	for _, line := range next() {
		if text, ok := strings.CutPrefix(line, "MAINPID="); ok {
			pid, _ = strconv.Atoi(text)
		}
	}
	if pid == 0 {
		t.Fatal("no MAINPID")
	}
	syscall.Kill(pid, syscall.SIGHUP)
	hasAll(t, next(), "STOPPING=1")
	await(t, "it is unmounted", func() bool { return !mounted(t, dir) })
}

// run does not notify the supervisor, neither of its mount nor of its end.
func TestNotifyNotByRun(t *testing.T) {
	env, next := supervisor(t)
	cmd := command(t, program, "run", "--", "head", "-c", "1", "{}/1M")
	cmd.Env = append(os.Environ(), env)
	if r := try(t, cmd); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	socket, err := net.Dial("unixgram", strings.TrimPrefix(env, "NOTIFY_SOCKET="))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	fmt.Fprint(socket, "by the test")
	if got := next(); got[0] != "by the test" {
		t.Errorf("run has sent %q", got)
	}
}

// monotonic is the time of CLOCK_MONOTONIC, by which systemd orders reloads.
func monotonic(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

// hasAll checks that a message has lines that begin like this.
func hasAll(t *testing.T, message []string, beginnings ...string) {
	t.Helper()
	for _, want := range beginnings {
		if !slices.ContainsFunc(message, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("the message %q has no line %s", message, want)
		}
	}
}
