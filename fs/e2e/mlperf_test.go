//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// openMLPerf opens the files of the presets of MLPerf Storage as DLIO's readers and the
// makers of index files do.
const openMLPerf = `
import os, struct, sys, numpy as np
kind, mnt = sys.argv[1:]
train = os.path.join(mnt, 'train')
names = sorted(os.listdir(train))
assert os.listdir(os.path.join(mnt, 'valid')) == [] and os.listdir(os.path.join(mnt, 'test')) == []
def index(path):
    out, size = [], os.path.getsize(path)
    with open(path, 'rb') as f:
        while f.tell() < size:
            at = f.tell()
            n, = struct.unpack('<Q', f.read(8))
            f.seek(at + 8 + 4 + n + 4)
            out.append('%d %d\n' % (at, f.tell() - at))
    return ''.join(out)
for i, name in enumerate(names):
    path = os.path.join(train, name)
    prefix = 'part' if kind == 'bert' else 'img'
    n = len(names)
    ext = {'unet3d': 'npz', 'retinanet': 'jpeg', 'flux': 'parquet', 'dlrm': 'parquet'}.get(kind, 'tfrecord')
    assert name == '%s_%s_of_%d.%s' % (prefix, str(i).zfill(len(str(n))), n, ext), name
    if kind == 'unet3d':
        with np.load(path, allow_pickle=True) as z:
            x, y = z['x'], z['y']
        assert x.dtype == np.uint8 and x.ndim == 3 and x.shape[2] == 1 and y.tolist() == [0], (x.shape, y)
        assert x[..., 0].nbytes + 498 == os.path.getsize(path)
    if ext == 'tfrecord':
        idx = open(os.path.join(mnt, 'index', 'train', name + '.idx')).read()
        if kind == 'bert':
            lengths = np.memmap(path, np.uint8, 'r').reshape(-1, 2554)[::997, :8].copy().view('<u8')
            assert (lengths == 2538).all()
            lines = idx.splitlines()
            assert len(lines) == 313532 and all(lines[k] == '%d 2554' % (2554 * k) for k in range(313532))
        else:
            assert idx == index(path), name
    if ext == 'parquet':
        with open(path, 'rb') as f:
            head = f.read(4)
            f.seek(-8, 2)
            length, tail = struct.unpack('<I4s', f.read(8))
        assert head == tail == b'PAR1' and 0 < length < 1 << 24
print('ok', len(names))
`

func TestMLPerfPresets(t *testing.T) {
	needPython(t, "numpy")
	need(t, "unzip", "djpeg")
	for kind, count := range map[string]int{"unet3d": 2, "resnet50": 11, "cosmoflow": 12, "retinanet": 10, "bert": 1, "flux": 2, "dlrm": 3} {
		t.Run(kind, func(t *testing.T) {
			mnt := mount(t, "--preset", "mlperf-"+kind, "--count", fmt.Sprint(count))
			if out := output(t, python, "-c", openMLPerf, kind, mnt); out != fmt.Sprintf("ok %d\n", count) {
				t.Errorf("%q", out)
			}
			files, err := filepath.Glob(filepath.Join(mnt, "train", "*"))
			if err != nil || len(files) != count {
				t.Fatalf("%q, %v", files, err)
			}
			switch kind {
			case "unet3d":
				output(t, "unzip", "-tq", files[0])
			case "retinanet":
				for _, file := range files {
					if head := output(t, "bash", "-c", `djpeg -grayscale -pnm "$0" | head -c 2`, file); head != "P5" {
						t.Errorf("%s is decoded as %q", file, head)
					}
				}
			}
		})
	}
}

// The whole benchmark is there without a size, in every directory that it has.
func TestMLPerfPresetsAreWhole(t *testing.T) {
	for preset, last := range map[string]string{
		"unet3d":      "train/img_167_of_168.npz",
		"retinanet":   "train/img_1170300_of_1170301.jpeg",
		"llama3-8b":   "global_epoch1_step10/zero_pp_rank_7_mp_rank_0_optim_states.pt",
		"llama3-405b": "global_epoch1_step10/layer_128-model_255_model_states.pt",
	} {
		mnt := mount(t, "--preset", "mlperf-"+preset)
		f := openFile(t, filepath.Join(mnt, last), os.O_RDONLY)
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, min(info.Size(), 4096))
		if n, err := f.ReadAt(p, info.Size()-int64(len(p))); n != len(p) {
			t.Errorf("%s ends in %d bytes, %v", last, n, err)
		}
		if dir := filepath.Dir(last); strings.HasPrefix(dir, "global") {
			if entries, err := os.ReadDir(filepath.Join(mnt, dir)); err != nil || len(entries) != map[string]int{"llama3-8b": 16, "llama3-405b": 1544}[preset] {
				t.Errorf("%s has %d files, %v", dir, len(entries), err)
			}
		}
	}
}

// numpyWrites compares the sizes of files with what numpy writes for the same arrays.
const numpyWrites = `
import io, os, sys, numpy as np
for root, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(root, name)
        a = np.load(path)
        b = io.BytesIO()
        if name.endswith('npz'):
            x = a['x']
            np.savez(b, x=x, y=[0] * x.shape[2])
        else:
            np.save(b, a)
        assert len(b.getvalue()) == os.path.getsize(path), (name, len(b.getvalue()), os.path.getsize(path))
print('ok')
`

// Files whose sides are drawn have the sizes that numpy gives them, of any length of header.
func TestDrawnSidesInNumpy(t *testing.T) {
	needPython(t, "numpy")
	mnt := mount(t, "--file", "a/{0..29}.npz:square:1000:700,format=auto", "--file", "b/{0..29}.npy:square:100:90,format=auto,dtype=f4", "--file", "c/{0..9}.npz:square:1:1,format=auto")
	if out := output(t, python, "-c", numpyWrites, mnt); out != "ok\n" {
		t.Errorf("%q", out)
	}
}
