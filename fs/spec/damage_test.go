package spec

import (
	"slices"
	"strings"
	"testing"
)

func TestParseCorrupt(t *testing.T) {
	const one = Billion / 100
	for _, c := range []struct {
		in   string
		want []Corruption
		text string // canonical
	}{
		{"bit:0.001%", []Corruption{{Kind: FlippedBit, Share: 10000}}, "bit:0.001%"},
		{"bit@1M", []Corruption{{Kind: FlippedBit, First: 1 << 20}}, "bit@1M"},
		{"bit@1023K+1K", []Corruption{{Kind: FlippedBit, First: 1023 << 10, Length: 1024}}, "bit@1023K+1K"},
		{"zero@1024+2048", []Corruption{{Kind: Zeroed, First: 1024, Length: 2048}}, "zero@1K+2K"},
		{"zero@1M+swap@2M", []Corruption{{Kind: Zeroed, First: 1 << 20}, {Kind: Swapped, First: 2 << 20}}, "zero@1M+swap@2M"},
		{"torn:1%+short@0+1+bit@1+stale:100%", []Corruption{{Kind: Torn, Share: one}, {Kind: Short, Length: 1}, {Kind: FlippedBit, First: 1}, {Kind: Stale, Share: Billion}},
			"torn:1%+short@0+1+bit@1+stale:100%"},
	} {
		s, err := Parse("3M,corrupt=" + c.in)
		got := s.Trouble.Corrupt
		if !slices.Equal(got.List(), c.want) || err != nil || got.String() != c.text {
			t.Errorf("corrupt=%s: %+v, %v, or %q; want %+v, or %q", c.in, got.List(), err, got, c.want, c.text)
		}
		checkRoundTrip(t, s)
		for _, kind := range Damages {
			if has := slices.ContainsFunc(c.want, func(c Corruption) bool { return c.Kind == kind }); got.Has(kind) != has {
				t.Errorf("corrupt=%s: whether it has %s: %v", c.in, kind, !has)
			}
		}
	}
}

func TestParseCorruptErrors(t *testing.T) {
	const form = "must be KIND@OFFSET, KIND@OFFSET+LENGTH or KIND:P%, as in bit@1M, zero@1G+4K or stale:0.001%"
	for s, want := range map[string]string{
		"":                          form,
		"bit":                       form,
		"bit@1K+":                   `size "": a size starts with a digit`,
		"bit@":                      `size "": a size starts with a digit`,
		"bit@-1":                    `size "-1": a size starts with a digit`,
		"bit:":                      "a share is a plain number and %",
		"bit:0%":                    "a share is a plain number and %",
		"bit:101%":                  "a share is a plain number and %",
		"flip:1%":                   `"flip" is not one of the kinds bit, zero, stale, swap, torn, short`,
		"Bit:1%":                    `"Bit" is not one of the kinds`,
		"bit:1%+bit:2%":             "bit: is given twice",
		"zero:1%+":                  form,
		"zero@0+1K+bit@1023":        "bit@1023 and zero@0+1K overlap",
		"zero@0+swap@4095":          "swap@4095 and zero@0 overlap",
		"zero@0+0":                  "a range has at least 1 byte",
		"zero@8E-1+1":               `unknown suffix "E-1"`,
		"zero@9223372036854775807":  "the range must lie within the file, which has 1M",
		"zero@1M":                   "the range must lie within the file, which has 1M",
		"zero@1023K+1025":           "the range must lie within the file, which has 1M",
		"bit@1048576":               "the range must lie within the file, which has 1M",
		"torn@0+512":                "a write is torn at a multiple of 512 bytes",
		"torn@511+1":                "a write is torn at a multiple of 512 bytes",
		"torn@1048064":              "too little of the file is left",
		"swap@0+1M":                 "no other place of 1M",
		"bit:1%,corrupt=bit:1%":     `key "corrupt" is given twice`,
		strings.Repeat("+bit@1", 2): form,
	} {
		got, err := Parse("1M,corrupt=" + s)
		if err == nil || got != (Spec{}) {
			t.Errorf("Parse(1M,corrupt=%s) = %+v, want an error", s, got)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Parse(1M,corrupt=%s): %v; want %s", s, err, want)
		}
	}
	var many []string
	for i := range maxCorruptions + 1 {
		many = append(many, "bit@"+strings.Repeat("1", i/10+1)+string(rune('0'+i%10)))
	}
	if _, err := ParseCorrupt(strings.Join(many[:maxCorruptions], "+")); err != nil {
		t.Error(err)
	}
	if _, err := ParseCorrupt(strings.Join(many, "+")); err == nil || !strings.Contains(err.Error(), "more than 64 items") {
		t.Errorf("65 items: %v", err)
	}
}

func TestCorruptionRange(t *testing.T) {
	for _, c := range []struct {
		in            string
		size          int64
		first, length int64
	}{
		{"bit@5", 6, 5, 1}, {"bit@5", 5, 0, 0}, {"zero@5", 6, 5, 1}, {"zero@5", 5, 0, 0}, {"zero@5", 5000, 5, 4096},
		{"zero@5", 4000, 5, 3995}, {"zero@5+7", 12, 5, 7}, {"zero@5+7", 11, 0, 0}, {"swap@8E-1", 0, 0, 0},
	} {
		parsed, err := ParseCorrupt(strings.Replace(c.in, "8E-1", "9223372036854775807", 1))
		if err != nil {
			t.Fatal(err)
		}
		if first, length := parsed.List()[0].Range(c.size); first != c.first || length != c.length {
			t.Errorf("%s in %d bytes: %d+%d, want %d+%d", c.in, c.size, first, length, c.first, c.length)
		}
	}
}

func TestCheckStale(t *testing.T) {
	for s, ok := range map[string]bool{
		"1M": true, "1M,corrupt=bit:1%": true, "1M,corrupt=stale:1%": false, "1M,corrupt=stale@0,generation=1": false,
		"1M,corrupt=stale@0,generation=1,change=1%": true, "1M,corrupt=bit:1%+stale:1%,change=1%": false,
	} {
		if parsed, err := Parse(s); err != nil || (parsed.CheckStale() == nil) != ok {
			t.Errorf("%s: %v, %v", s, err, parsed.CheckStale())
		}
	}
}
