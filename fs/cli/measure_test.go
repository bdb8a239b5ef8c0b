package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/measure"
	"github.com/dgenfs/dgenfs/gen"
)

// randomBytes returns n bytes that do not compress, and other ones for another seed.
func randomBytes(n int, seed byte) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

// measured runs measure --json with the arguments.
func measured(t *testing.T, args ...string) measure.Report {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(append([]string{"measure", "--json"}, args...), &stdout, &stderr); status != exit.Done {
		t.Fatalf("exit status %d, standard error %q", status, &stderr)
	}
	d := json.NewDecoder(&stdout)
	d.DisallowUnknownFields()
	var r measure.Report
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Errorf("something follows the JSON: %v", err)
	}
	return r
}

func rowOf(t *testing.T, r *measure.Result, block string) measure.Row {
	t.Helper()
	size, err := bytesize.Parse(block)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Sizes {
		if row.Block == size {
			return row
		}
	}
	t.Fatalf("no row for blocks of %s", block)
	return measure.Row{}
}

func TestMeasureFiles(t *testing.T) {
	dir := t.TempDir()
	block := randomBytes(128<<10, 1)
	files := map[string][]byte{
		"empty":  nil,
		"short":  randomBytes(4095, 2),
		"zero":   make([]byte, 1<<20),
		"four":   bytes.Repeat(block, 4),
		"random": randomBytes(256<<10+4095, 3),
		// Half of the blocks of 4K are equal and shrink to nothing, the others
		// neither.
		"both": append(make([]byte, 128<<10), randomBytes(128<<10, 4)...),
		// Equal pieces in another order are another block.
		"swapped": append(append(append([]byte{}, block...), block[64<<10:]...), block[:64<<10]...),
	}
	reports := map[string]measure.Report{}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		reports[name] = measured(t, path)
	}
	tests := []struct {
		file, block      string
		blocks, distinct int64
		deflate, both    [2]float64 // from, to
	}{
		{"empty", "4K", 0, 0, [2]float64{0, 0}, [2]float64{0, 0}},
		{"short", "4K", 0, 0, [2]float64{0, 0}, [2]float64{0, 0}},
		{"zero", "4K", 256, 1, [2]float64{100, 1000}, [2]float64{25600, 256000}},
		{"zero", "1M", 1, 1, [2]float64{900, 1100}, [2]float64{900, 1100}},
		{"four", "4K", 128, 32, [2]float64{1, 1}, [2]float64{4, 4}},
		{"four", "64K", 8, 2, [2]float64{1, 1}, [2]float64{4, 4}},
		{"four", "128K", 4, 1, [2]float64{1, 1}, [2]float64{4, 4}},
		{"four", "1M", 0, 0, [2]float64{0, 0}, [2]float64{0, 0}},
		{"random", "4K", 64, 64, [2]float64{1, 1}, [2]float64{1, 1}},
		{"random", "128K", 2, 2, [2]float64{1, 1}, [2]float64{1, 1}},
		{"both", "4K", 64, 33, [2]float64{1.98, 2}, [2]float64{1.99, 2}},
		{"both", "128K", 2, 2, [2]float64{1.99, 2}, [2]float64{1.99, 2}},
		{"swapped", "64K", 4, 2, [2]float64{1, 1}, [2]float64{2, 2}},
		{"swapped", "128K", 2, 2, [2]float64{1, 1}, [2]float64{1, 1}},
	}
	for _, test := range tests {
		t.Run(test.file+"/"+test.block, func(t *testing.T) {
			path := filepath.Join(dir, test.file)
			r := reports[test.file]
			if len(r.Arguments) != 1 || r.Together != nil || r.Version != gen.Version {
				t.Fatalf("unexpected report: %+v", r)
			}
			a := r.Arguments[0]
			if a.Name != path || a.Kind != "file" || a.Size != int64(len(files[test.file])) {
				t.Errorf("measured %s %q of %d bytes", a.Kind, a.Name, a.Size)
			}
			row := rowOf(t, a, test.block)
			if row.Blocks != test.blocks || row.Distinct != test.distinct {
				t.Errorf("%d blocks, %d distinct; want %d, %d", row.Blocks, row.Distinct, test.blocks, test.distinct)
			}
			if row.Deflate < test.deflate[0] || row.Deflate > test.deflate[1] {
				t.Errorf("deflate %v, want %v", row.Deflate, test.deflate)
			}
			if row.Both < test.both[0] || row.Both > test.both[1] {
				t.Errorf("both %v, want %v", row.Both, test.both)
			}
		})
	}
}

func TestMeasureSpec(t *testing.T) {
	for unit, size := range map[string]string{"4K": "512K", "64K": "1M", "128K": "512K"} {
		r := measured(t, "--sample", "64K", size+",dedup=4,unit="+unit)
		row := rowOf(t, r.Arguments[0], unit)
		if row.Dedup != 4 || row.Blocks != 4*row.Distinct || row.Deflate != 1 || row.Both != 4 {
			t.Errorf("dedup=4, unit=%s: %+v", unit, row)
		}
	}
	row := rowOf(t, measured(t, "256K").Arguments[0], "4K")
	if row.Blocks != 64 || row.Distinct != 64 || row.Deflated != 256<<10 {
		t.Errorf("256K: %+v", row)
	}
	if row := rowOf(t, measured(t, "--sample", "0", "--length", "1M", "1T").Arguments[0], "4K"); row.Blocks != 256 {
		t.Errorf("--length 1M: %d blocks of 4K, want 256", row.Blocks)
	}
}

// Files of a group share their units, also if each is smaller than one, and show
// the ratio of the group when they are measured together.
func TestMeasureGroup(t *testing.T) {
	args := []string{"--sample", "0"}
	for i := range 16 {
		args = append(args, fmt.Sprintf("64K,seed=1,dedup=4,skew=2,group=%dof16", i))
	}
	row := rowOf(t, measured(t, args...).Together, "64K")
	if row.Blocks != 16 || row.Distinct != 4 {
		t.Errorf("16 files of half a unit, dedup=4: %+v", row)
	}
}

// The bytes of a SPEC are those of dgenfs cat.
func TestMeasureAsCat(t *testing.T) {
	for _, args := range [][]string{{"300000"}, {"--seed", "5", "512K,dedup=2"}, {"--seed", "5", "256K,seed=1,compress=3"}} {
		path := filepath.Join(t.TempDir(), "file")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if status := run(append([]string{"cat"}, args...), f, io.Discard); status != exit.Done {
			t.Fatalf("cat %q: exit status %d", args, status)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		r := measured(t, append(args, path, "--sample", "64K")...)
		for i, row := range r.Together.Sizes {
			if one := r.Arguments[0].Sizes[i]; row.Distinct != one.Distinct || row.Blocks != 2*one.Blocks {
				t.Errorf("%q: %d blocks of %d distinct, want %d and %d", args, row.Distinct, row.Block, one.Distinct, 2*one.Blocks)
			}
			if !reflect.DeepEqual(r.Arguments[0].Sizes[i], r.Arguments[1].Sizes[i]) {
				t.Errorf("%q: spec %+v, file %+v", args, r.Arguments[0].Sizes[i], r.Arguments[1].Sizes[i])
			}
		}
	}
}

// A sample tells the same as all, and the same whatever the number of workers.
func TestMeasureTable(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"measure", "512K,dedup=4", "256K"}, &stdout, &stderr); status != exit.Done || stderr.Len() > 0 {
		t.Fatalf("exit status %d, standard error %q", status, &stderr)
	}
	var lines []string
	for line := range strings.Lines(stdout.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"512K,dedup=4 (512K)\nblock blocks distinct dedup deflate both deflated\n4K 128 32 4.000 1.000 4.000 512K\n",
		"\n128K 4 1 4.000 1.000 4.000 512K\n1M 0 0 - - - 0\n\ncodec block ratio 5 % 25 % 50 % 75 % 95 % sampled\n",
		"\nzstd -3 128K 1.000 1.00 1.00 1.00 1.00 1.00 512K\nzstd -3 1M - - - - - - 0\n\nchunks of mean chunks distinct dedup\n",
		" bits a byte; zero blocks of 4K: 0.00 %\n\n256K (256K)\n",
		"\ntogether (768K)\nblock blocks distinct dedup deflate both deflated\n4K 192 96 2.000 1.000 2.000 768K\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the output has no %q:\n%s", want, &stdout)
		}
	}
}

func TestMeasureBadInput(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		args  []string
		names string
	}{
		{nil, "SPEC or FILE"},
		{[]string{"1X"}, `"1X"`},
		{[]string{"1M", "64M,dedup=0.5"}, "0.5"},
		{[]string{filepath.Join(dir, "missing")}, "missing"},
		{[]string{dir}, "regular file"},
		{[]string{os.DevNull}, os.DevNull},
		{[]string{""}, `""`},
		{[]string{"1M^2"}, `1M`},
		{[]string{strings.Repeat("x", 5000)}, "name too long"},
		{[]string{"--seed", "x", "1M"}, "--seed"},
		{[]string{"--seed", "-1", "1M"}, "--seed"},
		{[]string{"--length", "2M", "1M"}, "--length 2M"},
		{[]string{"--length", "-1", "1M"}, "--length"},
		{[]string{"--length", "", "1M"}, "--length"},
		{[]string{"--sample", "1X", "1M"}, "--sample"},
		{[]string{"--json=maybe", "1M"}, "--json"},
		{[]string{"--against", "1X", "1M"}, `--against "1X"`},
		{[]string{"--against", "", "1M"}, "--against"},
		{[]string{"--against", "1M,corrupt=1", "1M"}, "--against"},
		{[]string{"--nope", "1M"}, "--nope"},
	}
	for _, test := range tests {
		t.Run(test.names, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(append([]string{"measure"}, test.args...), &stdout, &stderr); status != exit.Usage {
				t.Errorf("exit status %d, want %d", status, exit.Usage)
			}
			line := stderr.String()
			if !strings.HasPrefix(line, "dgenfs: ") || strings.Count(line, "\n") != 1 || !strings.Contains(line, test.names) {
				t.Errorf("standard error %q; want one line with %q", line, test.names)
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output %q", &stdout)
			}
		})
	}
}

// What is cut by content, single bytes, and zeros.
func TestMeasureContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	part := randomBytes(512<<10, 5)
	// The second copy is shifted against blocks, so that only chunks find it.
	data := append(append(append([]byte{}, part...), make([]byte, 64<<10+100)...), part...)
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	r := measured(t, path).Arguments[0]
	if row := rowOf(t, r, "4K"); row.Dedup > 1.1 {
		t.Errorf("blocks of 4K: %+v", row)
	}
	if small := r.Chunks[0]; small.Average != 8<<10 || small.Dedup < 1.8 || small.Dedup > 2.2 || small.Estimated {
		t.Errorf("chunks: %+v", small)
	}
	if r.Zero != 64<<10 {
		t.Errorf("%d bytes of zero blocks", r.Zero)
	}
	if r.Entropy < 7.2 || r.Entropy > 7.9 {
		t.Errorf("entropy %v", r.Entropy)
	}
	for _, c := range r.Codecs {
		q := c.Quantiles
		if c.Block != 4<<10 || c.Codec == "huffman" {
			continue
		}
		if q.P5 != 1 || q.P50 != 1 || q.P95 < 15 || c.Ratio < 1.05 || c.Ratio > 1.07 {
			t.Errorf("%+v, %+v", c, q)
		}
	}
}

// A spec beside another one, in the table and as JSON.
func TestMeasureAgainst(t *testing.T) {
	args := []string{"--against", "2M,texture=text,compress=2", "1M,texture=text,compress=4"}
	r := measured(t, args...)
	if r.Against == nil || r.Against.Size != 2<<20 || r.Together != nil {
		t.Fatalf("against: %+v", r.Against)
	}
	for i, c := range r.Arguments[0].Codecs {
		if a := r.Against.Codecs[i]; a.Codec != c.Codec || a.Block != c.Block || c.Ratio < 1.1*a.Ratio {
			t.Errorf("%s, blocks of %d: %v, against %v", c.Codec, c.Block, c.Ratio, a.Ratio)
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run(append([]string{"measure"}, args...), &stdout, &stderr); status != exit.Done {
		t.Fatalf("exit status %d, standard error %q", status, &stderr)
	}
	head, rest, _ := strings.Cut(stdout.String(), "\n")
	if head != "1M,texture=text,compress=4 (1M) against 2M,texture=text,compress=2 (2M)" {
		t.Errorf("first line %q", head)
	}
	for _, want := range []string{"zstd -3  ", "lz4, half below", "dedup of chunks", "entropy", "zero blocks"} {
		if !strings.Contains(rest, want) {
			t.Errorf("no %q in\n%s", want, rest)
		}
	}
}
