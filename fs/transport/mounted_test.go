package transport

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Some tests need a kernel. The test program is the client then, and another process
// of it the server: no process may use a mount that it serves itself.

// Environment of the server.
const (
	serveOn   = "DGENFS_TEST_SERVE_ON"
	serveOver = "DGENFS_TEST_TRANSPORT"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveOn); dir != "" {
		if err := serveTest(dir, Kind(os.Getenv(serveOver))); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveTest mounts, says so on standard output, and serves until it is unmounted, or
// until a line on standard input has it end the connection as a thread does that
// cannot go on.
func serveTest(dir string, kind Kind) error {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,max_read=%d", fd, testRequest)
	if err := unix.Mount("test", dir, "fuse.test", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return err
	}
	var possible int
	text, _ := os.ReadFile("/sys/devices/system/cpu/possible")
	fmt.Sscanf(string(text[strings.LastIndexAny(string(text), "-,")+1:]), "%d", &possible)
	s, err := New(fd, newTestFS(), Options{
		Kind:      kind,
		Request:   testRequest,
		Placement: Placement{CPUs: []int{0, 1}, Queues: make([]int, possible+1)},
		Log:       log.New(os.Stderr, "", 0),
	})
	if err != nil {
		return err
	}
	fmt.Println("ready:", s.Report().Kind)
	go func() {
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil {
			s.end()
		}
	}()
	s.Serve()
	return nil
}

// When one thread of a server cannot go on, nobody waits for good: readers that wait
// get an error, and the server leaves.
func TestEndWhileReadersWait(t *testing.T) {
	for _, kind := range []Kind{Dev, Uring} {
		t.Run(string(kind), func(t *testing.T) {
			if _, err := os.Stat("/dev/fuse"); err != nil || os.Geteuid() != 0 {
				t.Skip("needs root and /dev/fuse")
			}
			if text, _ := os.ReadFile(enableUring); kind == Uring && strings.TrimSpace(string(text)) != "Y" {
				t.Skip("needs FUSE over io_uring, which is off")
			}
			dir := t.TempDir()
			server := exec.Command(os.Args[0])
			server.Env = append(os.Environ(), serveOn+"="+dir, serveOver+"="+string(kind))
			server.Stderr = t.Output()
			in, _ := server.StdinPipe()
			out, _ := server.StdoutPipe()
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			watchdog := time.AfterFunc(patience, func() { server.Process.Kill() })
			defer watchdog.Stop()
			defer unix.Unmount(dir, unix.MNT_DETACH)
			if line, err := bufio.NewReader(out).ReadString('\n'); line != fmt.Sprintf("ready: %s\n", kind) {
				t.Fatalf("the server says %q, %v", line, err)
			}
			read := func(name string) chan error {
				done := make(chan error, 1)
				cmd := exec.Command("dd", "if="+dir+"/"+name, "of=/dev/null", "bs=64K", "count=1", "status=none")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				go func() { done <- cmd.Wait() }()
				return done
			}
			var waiting []chan error
			for range 8 {
				waiting = append(waiting, read(fmt.Sprint(neverFH)))
			}
			for range 8 {
				if err := <-read("100000"); err != nil {
					t.Errorf("a reader of a file that is not slow: %v", err)
				}
			}
			fmt.Fprintln(in, "end")
			for _, done := range waiting {
				if err := <-done; err == nil {
					t.Error("a reader that waited got data")
				}
			}
			if err := server.Wait(); err != nil {
				t.Errorf("the server: %v", err)
			}
			if !watchdog.Stop() {
				t.Error("the server had to be killed")
			}
			if err := <-read("100000"); err == nil {
				t.Error("the mount still has a file")
			}
		})
	}
}
