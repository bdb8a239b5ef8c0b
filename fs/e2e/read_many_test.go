//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Twenty readers at once get the bytes that one reader gets.
func TestConcurrentReaders(t *testing.T) {
	mnt := mount(t, "--seed", "8")
	script := `for i in $(seq 20); do
		(sha256sum <"$0/5000003,seed=$i"; sha256sum <"$0/5000003,dedup=2,compress=2") >"$1/$i" &
	done; wait`
	dir := t.TempDir()
	output(t, "bash", "-c", script, mnt, dir)
	shared := sha(t, mnt+"/5000003,dedup=2,compress=2")
	for i := 1; i <= 20; i++ {
		got, err := os.ReadFile(fmt.Sprintf("%s/%d", dir, i))
		if err != nil {
			t.Fatal(err)
		}
		if want := sha(t, fmt.Sprintf("%s/5000003,seed=%d", mnt, i)) + shared; string(got) != want {
			t.Errorf("reader %d: %s, want %s", i, got, want)
		}
	}
}

// 500 threads of this process read at once, while its runtime interrupts them with
// signals.
func TestManyReaders(t *testing.T) {
	mnt := mount(t)
	pid := theServer(t, mnt)
	text := "8G,seed=9"
	g := generator(t, text, 0, "", 1)
	f := openFile(t, filepath.Join(mnt, text), os.O_RDONLY)
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			buf, want := make([]byte, 300000), make([]byte, 300000)
			for range 4 {
				off := rand.Int64N(g.Size() - int64(len(buf)))
				if n, err := f.ReadAt(buf, off); err != nil {
					t.Errorf("at %d: %d, %v", off, n, err)
					return
				}
				g.ReadAt(want, off)
				if !slices.Equal(buf, want) {
					t.Errorf("at %d: wrong bytes", off)
				}
			}
		})
	}
	wg.Wait()
	if n := len(theThreads(t, pid)); n > mostThreads {
		t.Errorf("the server has %d threads", n)
	}
	if peak := memory(t, pid, "VmHWM"); peak > mostMemory+72<<10 {
		t.Errorf("the server took %d KiB", peak)
	}
}

// Readers that are killed in the middle of large reads do no harm.
func TestKilledReaders(t *testing.T) {
	dir, pid, log := serverLog(t)
	for i := range 60 {
		args := []string{"bs=64M"}
		if i%2 == 0 {
			args = append(args, "iflag=direct")
		}
		readers := []*spawned{readForever(t, dir, args...), readForever(t, dir, args...)}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // at any moment
		for _, reader := range readers {
			syscall.Kill(reader.pid, syscall.SIGKILL)
		}
		for _, reader := range readers {
			reader.wait(t)
		}
	}
	text := "64M,seed=3"
	got, err := os.ReadFile(filepath.Join(dir, text))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "afterwards, "+text, got, piece(t, generator(t, text, 0, "", 1), 0, 64<<20))
	if text := log(); strings.Count(text, "\n") != 1 {
		t.Errorf("the log has more than the line that it began with: %s", text)
	}
	if n := len(theThreads(t, pid)); n > mostThreads {
		t.Errorf("the server has %d threads", n)
	}
}

// Readers that are stopped do not hold up others.
func TestStoppedReaders(t *testing.T) {
	dir := mount(t)
	var stopped []*spawned
	for i := range 12 {
		args := []string{"bs=64M"}
		if i%2 == 0 {
			args = append(args, "iflag=direct")
		}
		stopped = append(stopped, readForever(t, dir, args...))
	}
	awaitReading(t, dir, stopped...)
	for _, reader := range stopped {
		syscall.Kill(reader.pid, syscall.SIGSTOP)
	}
	output(t, "dd", "if="+dir+"/256M", "of=/dev/null", "bs=1M", "status=none")
	output(t, "ls", "-l", dir)
	for _, reader := range stopped {
		syscall.Kill(reader.pid, syscall.SIGCONT)
		syscall.Kill(reader.pid, syscall.SIGKILL)
		reader.wait(t)
	}
}
