//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// python is the one that has Debian's packages.
const python = "/usr/bin/python3"

// needPython skips a test where Python lacks a module.
func needPython(t *testing.T, modules ...string) {
	t.Helper()
	for _, module := range modules {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			continue
		}
		if os.Getenv("E2E_ALL_TOOLS") != "" {
			t.Fatalf("needs python3-%s, which is not installed, and E2E_ALL_TOOLS is set", module)
		}
		skipNeeds(t, "python3-%s, which is not installed", module)
	}
}

// loadArrays opens files with the libraries that people use, and checks types, shapes
// and, where they are those of the stream, values.
const loadArrays = `
import sys, numpy as np, h5py
mnt, stream = sys.argv[1], np.fromfile(sys.argv[2], np.uint8)
def check(what, a, dtype, shape):
    assert (a.dtype, a.shape) == (np.dtype(dtype), shape), (what, a.dtype, a.shape)
    if a.dtype.kind == 'f': assert np.isfinite(a).all(), what
    return a
a = check('npy', np.load(mnt + '/1M,seed=7,format=npy'), 'u1', (1048448,))
assert (a == stream[:a.size]).all(), 'npy: other values'
check('mapped npy', np.load(mnt + '/1M.npy', mmap_mode='r'), 'u1', (1048448,))
check('npz', np.load(mnt + '/1M.npz')['x'], 'u1', (1048078,))
check('f4 npz', np.load(mnt + '/a/0007.npz')['x'], 'f4', (262019,))
check('f2 npy', np.load(mnt + '/f2.npy'), 'f2', (3, 5, 7))
with h5py.File(mnt + '/1M.h5') as f:
    assert f['records'].dtype == 'u1' and f['labels'][:].tolist() == [0]
with h5py.File(mnt + '/c.h5') as f:
    check('hdf5', f['records'][:], 'f4', (128, 128, 4))
for n in range(0, 1000, 111): check(n, np.load(mnt + '/a/%04d.npz' % n)['x'], 'f4', (262019,))
print('ok')
`

func TestFormatsInPython(t *testing.T) {
	needPython(t, "numpy", "h5py")
	mnt := mount(t, "--file", "a/{0000..0999}.npz:1048574,format=auto,dtype=f4", "--file", "f2.npy:338,format=auto,dtype=f2,shape=3x5x7",
		"--file", "c.h5:"+sizeOf(t, "hdf5,dtype=f4,shape=128x128x4")+",format=auto,dtype=f4,shape=128x128x4")
	stream := filepath.Join(t.TempDir(), "stream")
	if err := os.WriteFile(stream, piece(t, generator(t, "1M,seed=7", 0, "", 1), 0, 1<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := output(t, python, "-c", loadArrays, mnt, stream); out != "ok\n" {
		t.Errorf("%q", out)
	}
}

// sizeOf returns the size that a file of a shape has, from the error about another one.
func sizeOf(t *testing.T, format string) string {
	t.Helper()
	r := dgenfs(t, "cat", "1,format="+format)
	_, text, ok := strings.Cut(r.stderr, " has ")
	if r.status != 2 || !ok {
		t.Fatalf("exit status %d, %q", r.status, r.stderr)
	}
	size, _, _ := strings.Cut(text, " ")
	return size
}

// Other tools accept files as they are, and notice that a byte is another.
func TestFormatsInTools(t *testing.T) {
	need(t, "unzip", "pngcheck", "tar", "gzip")
	mnt := mount(t, "--file", "t/{0..9}.tar:lognormal:1M:1,format=auto,member=10K", "--file", "z.zip:3145731,format=auto,members=7")
	for _, test := range []struct {
		tool     string
		file     string
		checksum bool
	}{
		{"unzip -tq", "1M.npz", true},
		{"unzip -tq", "1M.zip", true},
		{"unzip -tq", "z.zip", true},
		{"unzip -tq", "1M,format=npz,dedup=4,compress=3,unit=4K", true},
		{"unzip -tq", "1M,format=npz,generation=9,change=10%", true},
		{"unzip -tq", "1048526.pt", true},
		{"pngcheck -q", "1M.png", true},
		{"gzip -t", "1M.gz", true},
		{"tar tf", "1M.tar", false},
		{"tar tf", "t/0.tar", false},
		{"tar tf", "t/9.tar", false},
	} {
		t.Run(test.tool+" "+test.file, func(t *testing.T) {
			script := test.tool + ` "$0" >/dev/null`
			path := filepath.Join(mnt, test.file)
			output(t, "bash", "-c", script, path)
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(test.file, "/") && !strings.HasPrefix(test.file, "z") {
				same(t, "cat", []byte(dgenfs(t, "cat", test.file).stdout), p)
			}
			if !test.checksum {
				return
			}
			p[len(p)/2] ^= 1
			damaged := filepath.Join(t.TempDir(), "damaged"+filepath.Ext(test.file))
			if err := os.WriteFile(damaged, p, 0o644); err != nil {
				t.Fatal(err)
			}
			if r := try(t, command(t, "bash", "-c", script, damaged)); r.status == 0 {
				t.Errorf("accepts a damaged file")
			}
		})
	}
}

// The first and the last bytes of a huge file are there at once, and it is as large as
// asked for.
func TestFormatsThatAreHuge(t *testing.T) {
	mnt := mount(t)
	for file, size := range map[string]int64{"8T.npz": 8 << 40, "8T.h5": 8 << 40, "1P.tar": 1 << 50, "8T.zip": 8 << 40, "1T.npy": 1 << 40} {
		info, err := os.Stat(filepath.Join(mnt, file))
		if err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v", file, info, err)
			continue
		}
		f := openFile(t, filepath.Join(mnt, file), os.O_RDONLY)
		p := make([]byte, 4096)
		for _, off := range []int64{0, size - 4096, size / 3} {
			if n, err := f.ReadAt(p, off); n != len(p) {
				t.Errorf("%s at %d: %d bytes, %v", file, off, n, err)
			}
		}
	}
}
