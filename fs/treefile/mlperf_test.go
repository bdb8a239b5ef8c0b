package treefile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

// mlperf returns the tree of a preset of the benchmark, of as many files as that has
// unless count is not 0.
func mlperf(t *testing.T, name string, count uint64) *tree.Tree {
	t.Helper()
	text, ok := Preset(name)
	if !ok {
		t.Fatalf("there is no preset %s", name)
	}
	for _, d := range Directives(name, text) {
		if d.Flag != "--count" || len(Directives(name, text)) != 1 {
			t.Errorf("%s says %+v, want its --count alone", name, d)
		}
		if count == 0 {
			fmt.Sscan(d.Value, &count)
		}
	}
	return build(t, string(text), Scale{Count: count})
}

// at returns the spec of the file at a path.
func at(t *testing.T, tr *tree.Tree, path string) spec.Spec {
	t.Helper()
	id, node := tree.Root, tree.Node{IsDir: true}
	for name := range strings.SplitSeq(path, "/") {
		var ok bool
		if id, node, ok = tr.Lookup(id, name); !ok {
			t.Fatalf("there is no %s, for %q", path, name)
		}
	}
	return node.Spec
}

// The data sets have as many files as the benchmark's configurations say, with the names
// that DLIO looks for, and the sizes of what its generators write.
func TestDataSetsOfMLPerf(t *testing.T) {
	for _, c := range []struct {
		name, first, last string
		files             uint64 // without index files
		size              int64  // of each; 0 if it is drawn
		index             int64  // size of an index file
	}{
		{"mlperf-unet3d", "img_000_of_168.npz", "img_167_of_168.npz", 168, 0, 0},
		{"mlperf-resnet50", "img_0000_of_1024.tfrecord", "img_1023_of_1024.tfrecord", 1024, 142994304, 20290},
		{"mlperf-cosmoflow", "img_000000_of_524288.tfrecord", "img_524287_of_524288.tfrecord", 524288, 0, 10},
		{"mlperf-retinanet", "img_0000000_of_1170301.jpeg", "img_1170300_of_1170301.jpeg", 1170301, 322957, 0},
		{"mlperf-bert", "part_000_of_500.tfrecord", "part_499_of_500.tfrecord", 500, 313532 * 2554, 4659470},
		{"mlperf-flux", "img_0000_of_4296.parquet", "img_4295_of_4296.parquet", 4296, 554208047, 0},
		{"mlperf-dlrm", "img_0000_of_1024.parquet", "img_1023_of_1024.parquet", 1024, 1177300670, 0},
	} {
		tr := mlperf(t, c.name, 0)
		files := c.files
		if c.index != 0 {
			files *= 2
		}
		if tr.Files() != files {
			t.Errorf("%s: %d files, want %d", c.name, tr.Files(), files)
		}
		for _, name := range []string{c.first, c.last} {
			if s := at(t, tr, "train/"+name); c.size != 0 && s.Size != c.size {
				t.Errorf("%s: %s has %d bytes, want %d", c.name, name, s.Size, c.size)
			}
			if c.index == 0 {
				continue
			}
			if s := at(t, tr, "index/train/"+name+".idx"); s.Size != c.index {
				t.Errorf("%s: the index of %s has %d bytes, want %d", c.name, name, s.Size, c.index)
			}
		}
		for _, empty := range []string{"valid", "test"} {
			id, node, ok := tr.Lookup(tree.Root, empty)
			if !ok || !node.IsDir {
				t.Fatalf("%s has no %s", c.name, empty)
			}
			for child := range tr.ReadDir(id, 0) {
				t.Errorf("%s/%s has %s", c.name, empty, child.Name)
			}
		}
	}
}

// Volumes have the sizes that numpy writes for their sides: 498 bytes more; records those
// of TensorFlow: 66 more.
func TestDrawnSizesOfMLPerf(t *testing.T) {
	tr := mlperf(t, "mlperf-unet3d", 0)
	var sum int64
	for i := range 168 {
		s := at(t, tr, fmt.Sprintf("train/img_%03d_of_168.npz", i))
		dims := s.Format.Shape.Dims()
		if len(dims) != 3 || dims[2] != 1 || s.Size != dims[0]*dims[1]+498 {
			t.Fatalf("volume %d is %s", i, s)
		}
		sum += s.Size
	}
	if mean := sum / 168; mean < 145_500_000 || mean > 148_500_000 || uint64(sum) != tr.Bytes() {
		t.Errorf("a mean of %d, want 147 million; %d bytes, and the tree says %d", mean, sum, tr.Bytes())
	}
	tr = mlperf(t, "mlperf-cosmoflow", 1000)
	for i := range 1000 {
		s := at(t, tr, fmt.Sprintf("train/img_%04d_of_1000.tfrecord", i))
		index := at(t, tr, fmt.Sprintf("index/train/img_%04d_of_1000.tfrecord.idx", i))
		if s.Size < 2_500_000 || s.Size > 3_200_000 || index.Format.Record != s.Size-66 {
			t.Fatalf("record %d is %s, its index %s", i, s, index)
		}
	}
}

// Checkpoints have the files that DLIO names, and come to what the rules say, in GiB; for a
// trillion parameters, to what the configuration does.
func TestCheckpointsOfMLPerf(t *testing.T) {
	for _, c := range []struct {
		name  string
		files uint64
		gib   float64
		paths map[string]int64
	}{
		{"mlperf-llama3-8b", 16, 105, map[string]int64{
			"zero_pp_rank_7_mp_rank_0_model_states.pt": 2007565312,
			"zero_pp_rank_0_mp_rank_0_optim_states.pt": 12045637632,
		}},
		{"mlperf-llama3-70b", 128, 912, map[string]int64{
			"zero_pp_rank_7_mp_rank_7_model_states.pt": 2184120320,
			"zero_pp_rank_0_mp_rank_7_optim_states.pt": 13103482368,
		}},
		{"mlperf-llama3-405b", 1544, 755 + 4533, map[string]int64{
			"layer_0-model_7_model_states.pt":            525336576,
			"layer_4-model_0_model_states.pt":            796983296,
			"layer_5-model_8_model_states.pt":            796983296,
			"layer_126-model_255_model_states.pt":        796983296,
			"layer_128-model_248_model_states.pt":        32768,
			"zero_pp_rank_1_mp_rank_255_optim_states.pt": 9513171840,
		}},
		{"mlperf-llama3-1t", 2072, 15427, map[string]int64{
			"layer_1-model_0_model_states.pt":            2297744064,
			"layer_128-model_511_model_states.pt":        2297744064,
			"layer_129-model_511_model_states.pt":        829559808,
			"zero_pp_rank_1_mp_rank_511_optim_states.pt": 13865244924,
		}},
	} {
		tr := mlperf(t, c.name, 0)
		if tr.Files() != 10*c.files || tr.Dirs() != 11 {
			t.Errorf("%s: %d files in %d directories, want 10 checkpoints of %d", c.name, tr.Files(), tr.Dirs(), c.files)
		}
		if gib := float64(tr.Bytes()) / 10 / (1 << 30); gib < 0.997*c.gib || gib > 1.003*c.gib {
			t.Errorf("%s: %v GiB, want %v", c.name, gib, c.gib)
		}
		for _, step := range []int{1, 10} {
			for path, size := range c.paths {
				if s := at(t, tr, fmt.Sprintf("global_epoch1_step%d/%s", step, path)); s.Size != size {
					t.Errorf("%s: %s has %d bytes, want %d", c.name, path, s.Size, size)
				}
			}
		}
		// All files of a checkpoint are there, whatever is asked for.
		for n := uint64(1); n < 5*c.files; n += 1 + n/3 {
			text, _ := Preset(c.name)
			tr, got, err := Build(Parse(c.name, text), Scale{Count: n}, tree.Options{})
			if err == nil && (tr.Files()%c.files != 0 || got.Count != tr.Files()) {
				t.Errorf("%s, --count %d: %d files", c.name, n, tr.Files())
			}
		}
	}
}

// A directory of a million names is listed by position, whole and once.
func TestRetinanetIsListed(t *testing.T) {
	tr := mlperf(t, "mlperf-retinanet", 0)
	id, _, _ := tr.Lookup(tree.Root, "train")
	n, last := 0, ""
	for child := range tr.ReadDir(id, 0) {
		if n%100_000 == 0 {
			if _, _, ok := tr.Lookup(id, string(child.Name)); !ok {
				t.Errorf("%s is not found", child.Name)
			}
		}
		n++
		last = string(child.Name)
	}
	if n != 1_170_301 || last != "img_1170300_of_1170301.jpeg" {
		t.Errorf("%d names, the last one %s", n, last)
	}
}
