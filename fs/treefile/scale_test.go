package treefile

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/tree"
)

func TestScaleErrors(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale Scale
		want  string
	}{
		{"a{0..} 1M,share=50%\nb{0..} 1M,share=49%", Scale{Count: 10}, "f:2: the shares of all entries add up to 99%; they must be 100%"},
		{"a{0..} 1M,share=100%", Scale{}, "f:1: share= needs the size of all files together, or their number"},
		{"a 1M", Scale{Count: 10}, "applies to entries with share=, such as those of presets, and there are none"},
		{"a 1M,share=100%", Scale{Count: 10}, `f:1: pattern "a": share=100% needs an open range`},
		{"d{0..99}/{0..} 1M,share=100%", Scale{Count: 49}, "the smallest tree of this shape has 100 files; ask for that, or for more"},
		{"d{0..99}/{0..} 1M,share=100%", Scale{Total: 50 << 20}, "the smallest tree of this shape has 100M; ask for that, or for more"},
		{"a{0..} 1M,total=100K", Scale{}, `f:1: pattern "a{0..}": total=100K comes to 1M, as files are whole`},
		{"d{0..99}/{0..} 1M,total=149M", Scale{}, `f:1: pattern "d{0..99}/{0..}": total=149M comes to 100M`},
		{"a{#}-{0..} 1M,total=1G", Scale{}, `f:1: pattern "a{#}-{0..}": {#} is how many numbers {#..} has, and there is none`},
		{"a{#..} 1M", Scale{}, `f:1: pattern "a{#..}": has an open range`},
		{"a{#} 1M", Scale{}, `f:1: pattern "a{#}": has an open range`},
		{"a{#} 1M,total=1G", Scale{}, `f:1: pattern "a{#}": {#} is how many numbers {#..} has`},
		{"a{0..} 1..16,total=9223372036854775807", Scale{}, `f:1: pattern "a{0..}": {0..} has room for numbers of up to 18 digits`},
		{"a{0..} 0,total=100K", Scale{}, `f:1: total=100K: 2^61 files or more`},
	} {
		if _, _, err := Build(Parse("f", []byte(c.text)), c.scale, tree.Options{}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q, %+v: %v; want %s", c.text, c.scale, err, c.want)
		}
	}
}

func TestTotal(t *testing.T) {
	for _, c := range []struct {
		text  string
		files uint64
		bytes float64
	}{
		{"a{0..} 1M,total=1G", 1024, 1 << 30},
		{"a{0..9}/{0..} 1M,total=1P", 10 * 107374182, 1 << 50},
		{"{0..}/{000..} 1M,total=1G", 1024, 1 << 30},
		{"a{0..} 4K..1M,total=1T", 0, 1 << 40},
		{"a{0..} lognormal:64K:1.5,total=1P", 0, 1 << 50},
		{"a{0..} lognormal:64K:2.5,total=10G", 0, 10 << 30},
		{"a{0..} 1..1T,total=10G", 0, 10 << 30},
		{"a{0..} lognormal:1K:10,total=1P", 0, 1 << 50},
		{"a{0..} lognormal:1K:8,total=1T", 0, 1 << 40},
	} {
		tr := build(t, c.text, Scale{})
		if c.files != 0 && tr.Files() != c.files {
			t.Errorf("%s: %d files, want %d", c.text, tr.Files(), c.files)
		}
		if off := float64(tr.Bytes())/c.bytes - 1; math.Abs(off) > 0.02 {
			t.Errorf("%s: %d bytes, off by %.2g", c.text, tr.Bytes(), off)
		}
	}
}

// Presets come to what is asked for, from their smallest size on.
func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		text, ok := Preset(name)
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		lines := Parse(name, text)
		least := Least(lines)
		if said := fmt.Sprintf("\n# Comes to at least: %d files, %s.\n", least.Count, least.TotalText()); !strings.Contains(string(text), said) {
			t.Errorf("%s does not say %s", name, said)
		}
		if !shares(lines) || text[0] != '#' {
			t.Errorf("%s has no shares, or no comments", name)
		}
		isWhole := strings.HasPrefix(name, "mlperf-llama3") // checkpoints, of many files each
		for _, count := range []uint64{1000, 1e6, 1e9} {
			if isWhole {
				count = max(1, count/least.Count) * least.Count
			}
			tr := build(t, string(text), Scale{Count: count})
			files := float64(tr.Files())
			if strings.Contains(string(text), ",index=index\n") {
				files /= 2
			}
			if off := files/float64(count) - 1; math.Abs(off) > 0.02 {
				t.Errorf("%s: %d files, want %d", name, tr.Files(), count)
			}
		}
		for _, total := range []int64{100 << 40, 1 << 50, 1 << 60} {
			if isWhole {
				total = total / least.Total * least.Total
			}
			tr := build(t, string(text), Scale{Total: total})
			if off := float64(tr.Bytes())/float64(total) - 1; math.Abs(off) > 0.01 {
				t.Errorf("%s: %d bytes, want %d", name, tr.Bytes(), total)
			}
		}
	}
	for _, name := range []string{"", "none", "../treefile", "presets/home"} {
		if _, ok := Preset(name); ok {
			t.Errorf("there is a preset %q", name)
		}
	}
}

// shares reports whether an entry has a share, and so needs a scale.
func shares(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return strings.Contains(l.Spec, "share=") })
}

// What is asked for gives the nearest tree, which is said unless it is what was asked.
func TestRounded(t *testing.T) {
	for _, c := range []struct {
		text  string
		scale Scale
		files uint64
		said  string
	}{
		{"d{0..99}/{0..} 1M,share=100%", Scale{Count: 100}, 100, ""},
		{"d{0..99}/{0..} 1M,share=100%", Scale{Count: 95}, 100, "rounded to 100 files, as files and directories are whole"},
		{"d{0..99}/{0..} 1M,share=100%", Scale{Count: 149}, 100, "rounded to 100 files, as files and directories are whole"},
		{"d{0..99}/{0..} 1M,share=100%", Scale{Count: 151}, 200, "rounded to 200 files, as files and directories are whole"},
		{"d{0..99}/{0..} 1M,share=100%", Scale{Total: 260 << 20}, 300, "rounded to 300M, as files and directories are whole"},
		{"d{0..99}/{0..} 1M,share=100%\nx{0..9} 1", Scale{Count: 199}, 210, ""},
		{"a{0..9}{0..} 1K,share=50%\nb{0..} 1K,share=50%", Scale{Count: 11}, 11, ""},
		{"a{0..9}{0..} 1K,share=50%\nb{0..} 1K,share=50%", Scale{Count: 14}, 14, ""},
		{"a{0..9}{0..} 1K,share=50%\nb{0..} 1K,share=50%", Scale{Count: 30}, 25, "rounded to 25 files, as files and directories are whole"},
	} {
		tr, got, err := Build(Parse("f", []byte(c.text)), c.scale, tree.Options{})
		if err != nil {
			t.Errorf("%q, %+v: %v", c.text, c.scale, err)
			continue
		}
		if said := c.scale.Rounded(got); tr.Files() != c.files || said != c.said {
			t.Errorf("%q, %+v: %d files, %q; want %d, %q", c.text, c.scale, tr.Files(), said, c.files, c.said)
		}
	}
}

// Whatever is asked of a preset is made, or the error names what then is. From the least
// on, everything is.
func TestSmallScales(t *testing.T) {
	for _, name := range Presets() {
		text, _ := Preset(name)
		lines := Parse(name, text)
		least := Least(lines)
		var scales []Scale
		few := uint64(8)
		if strings.HasPrefix(name, "mlperf-") {
			few = 2 // there are many of them
		}
		for n := uint64(1); n < 3*least.Count; n += 1 + n/few {
			scales = append(scales, Scale{Count: n})
		}
		for n := least.Total / 3; n < 3*least.Total; n += n / int64(few) {
			scales = append(scales, Scale{Total: n})
		}
		for _, scale := range scales {
			_, got, err := Build(lines, scale, tree.Options{})
			if err == nil {
				came, asked := float64(got.Count), float64(scale.Count)
				if scale.Total != 0 {
					came, asked = float64(got.Total), float64(scale.Total)
				}
				if said := scale.Rounded(got); (said == "") != (math.Abs(came/asked-1) <= 0.01) {
					t.Errorf("%s, %+v: comes to %+v, and says %q", name, scale, got, said)
				}
				continue
			}
			_, named, _ := strings.Cut(err.Error(), "the smallest tree of this shape has ")
			named, _, _ = strings.Cut(named, ";")
			works := Scale{}
			if files, ok := strings.CutSuffix(named, " files"); ok {
				works.Count, _ = strconv.ParseUint(files, 10, 64)
			} else {
				works.Total, _ = bytesize.Parse(named)
			}
			if scale.Count >= least.Count || scale.Total >= least.Total || !works.Given() {
				t.Errorf("%s, %+v of at least %+v: %v", name, scale, least, err)
			} else if _, got, err := Build(lines, works, tree.Options{}); err != nil || works.Rounded(got) != "" {
				t.Errorf("%s: %v asks for %+v, which comes to %+v, %v", name, scale, works, got, err)
			}
		}
	}
}

// The error of total= names a size that then works.
func TestTotalThatWorks(t *testing.T) {
	for _, pattern := range []string{"{0..} 100M", "d{0..99}/{0..} 1M", "d{0..6}/{0..}/{00..} 4K..1M", "{0..}/{0..9} lognormal:64K:2", "d{0..99}/{0..} 7"} {
		for total := int64(1); total < 1<<40; total += 1 + total/3 {
			line := pattern + ",total=" + bytesize.Format(total)
			_, _, err := Build(Parse("f", []byte(line)), Scale{}, tree.Options{})
			if err == nil {
				continue
			}
			_, named, _ := strings.Cut(err.Error(), " comes to ")
			named, _, _ = strings.Cut(named, ",")
			if _, _, again := Build(Parse("f", []byte(pattern+",total="+named)), Scale{}, tree.Options{}); named == "" || again != nil {
				t.Errorf("%s: %v; and that: %v", line, err, again)
			}
		}
	}
}
