//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// readCells reads the cells of a file one by one, and returns the offsets of those
// that fail with an error.
func readCells(t *testing.T, path string, fails syscall.Errno) (bad []int64) {
	t.Helper()
	f := openFile(t, path, os.O_RDONLY)
	p := make([]byte, 4096)
	for off := int64(0); ; off += 4096 {
		_, err := f.ReadAt(p, off)
		switch {
		case err == io.EOF:
			return bad
		case errors.Is(err, fails):
			bad = append(bad, off)
		case err != nil:
			t.Fatalf("%s at %d: %v", path, off, err)
		}
	}
}

func TestFail(t *testing.T) {
	need(t, "python3")
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, "--transport", transport, "--file", "range:1M,fail=estale@8195+4096", "--file", "share:16M,seed=9,fail=enodata:1%", "--fail", "eremoteio@4K+1")
		if bad := readCells(t, filepath.Join(mnt, "range"), syscall.ESTALE); !slices.Equal(bad, []int64{8192, 12288}) {
			t.Errorf("range: %d fail", bad)
		}
		if bad := readCells(t, filepath.Join(mnt, "64K,seed=3"), syscall.EREMOTEIO); !slices.Equal(bad, []int64{4096}) {
			t.Errorf("--fail: %d fail", bad)
		}
		bad := readCells(t, filepath.Join(mnt, "share"), syscall.ENODATA)
		if len(bad) < 10 || len(bad) > 90 { // five standard deviations
			t.Errorf("1%% of 4096 cells are %d", len(bad))
		}
		if again := readCells(t, filepath.Join(mount(t, "--file", "other:16M,seed=9,fail=enodata:1%"), "other"), syscall.ENODATA); !slices.Equal(again, bad) {
			t.Errorf("in another mount, %d fail instead of %d", again, bad)
		}
		// A larger read ends before the request that fails.
		r := try(t, command(t, "dd", "if="+filepath.Join(mnt, "share"), "of=/dev/null", "bs=16M"))
		if r.status == 0 || !strings.Contains(r.stderr, "0+1 records in") && !strings.Contains(r.stderr, "0+0 records in") {
			t.Errorf("dd of all: %+v", r)
		}
		// In a mapping, what cannot be read is SIGBUS, and not zeros.
		mapped := try(t, command(t, "bash", "-c", `python3 -c "import mmap,sys; f=open(sys.argv[1],'rb'); m=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ); sys.stdout.buffer.write(m[0:4096]); sys.stdout.flush(); m[8192]" "$0"; exit $?`, filepath.Join(mnt, "range")))
		if mapped.status != 128+int(syscall.SIGBUS) || len(mapped.stdout) != 4096 || bytes.Count([]byte(mapped.stdout), []byte{0}) > 1000 {
			t.Errorf("mapped: exit status %d, %d bytes, %s", mapped.status, len(mapped.stdout), mapped.stderr)
		}
		config := controlConfig(t, mnt)
		if !strings.HasPrefix(config, "transport: "+transport) {
			t.Errorf("the mount says %s", config)
		}
	})
}
