package bytesize

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]int64{
		"0":                                   0,
		"0K":                                  0,
		"007":                                 7,
		"1000":                                1000,
		"1K":                                  1 << 10,
		"1k":                                  1 << 10,
		"3M":                                  3 << 20,
		"64G":                                 64 << 30,
		"64g":                                 64 << 30,
		"2T":                                  2 << 40,
		"2P":                                  2 << 50,
		"7E":                                  7 << 60,
		"1KB":                                 1000,
		"1kB":                                 1000,
		"5MB":                                 5e6,
		"5GB":                                 5e9,
		"5TB":                                 5e12,
		"5PB":                                 5e15,
		"9EB":                                 9e18,
		"1KiB":                                1 << 10,
		"1kiB":                                1 << 10,
		"7EiB":                                7 << 60,
		"10Ki":                                10 << 10,
		"10Gi":                                10 << 30,
		"2ti":                                 2 << 40,
		"1Pi":                                 1 << 50,
		"1Ei":                                 1 << 60,
		"9007199254740991K":                   math.MaxInt64 - 1023,
		"9223372036854775807":                 math.MaxInt64,
		"00000000000000000000000000000000001": 1,
	} {
		if got, err := Parse(s); got != want || err != nil {
			t.Errorf("Parse(%q) = %d, %v; want %d", s, got, err, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for s, want := range map[string]string{
		"":                        `size "": a size starts with a digit, as in 64G`,
		"G":                       `size "G": a size starts with a digit`,
		"-1":                      `size "-1": a size starts with a digit`,
		"+1":                      `size "+1": a size starts with a digit`,
		" 1":                      `size " 1": a size starts with a digit`,
		"\n":                      `size "\n": a size starts with a digit`,
		"autorun.inf":             `size "autorun.inf": a size starts with a digit`,
		"64X":                     `size "64X": unknown suffix "X"; use K M G T P E (1024), KB MB ... (1000) or KiB MiB ... (1024)`,
		"64 G":                    `size "64 G": a size has no blanks; write 64G`,
		"10 GB":                   `size "10 GB": a size has no blanks; write 10GB`,
		"64G ":                    `size "64G ": a size has no blanks; write 64G`,
		"64 X":                    `size "64 X": unknown suffix " X"`,
		"1B":                      `size "1B": bytes have no suffix; write 1`,
		"1 b":                     `size "1 b": bytes have no suffix; write 1`,
		"1Kb":                     `size "1Kb": unknown suffix "Kb"; write 1KB`,
		"1kb":                     `size "1kb": unknown suffix "kb"; write 1KB`,
		"10 gb":                   `size "10 gb": unknown suffix " gb"; write 10GB`,
		"1KIB":                    `size "1KIB": unknown suffix "KIB"; write 1KiB`,
		"1mib":                    `size "1mib": unknown suffix "mib"; write 1MiB`,
		"1GI":                     `size "1GI": unknown suffix "GI"; use K M`,
		"1Gi ":                    `a size has no blanks; write 1Gi`,
		"1Gib":                    `size "1Gib": unknown suffix "Gib"; write 1GiB`,
		"1KK":                     `unknown suffix "KK"`,
		"1e3":                     `unknown suffix "e3"`,
		"0x10":                    `unknown suffix "x10"`,
		"1_0":                     `unknown suffix "_0"`,
		"1\x0b":                   `unknown suffix "\v"`, // K without the bit of upper case
		"8E-1":                    `unknown suffix "E-1"`,
		"1.5G":                    `size "1.5G": sizes are whole numbers; write 1536M`,
		"1,5G":                    `size "1,5G": sizes are whole numbers; write 1536M`,
		"1.5Gi":                   `sizes are whole numbers; write 1536M`,
		"2.5GB":                   `sizes are whole numbers; write 2500000000`,
		"0.1K":                    `size "0.1K": sizes are whole numbers; use a smaller suffix, as in 1536M for 1.5G`,
		"1.5":                     `sizes are whole numbers; use a smaller suffix`,
		"1.":                      `sizes are whole numbers; `,
		"1.5X":                    `sizes are whole numbers; use a smaller suffix`,
		"9.5E":                    `sizes are whole numbers; use a smaller suffix`,
		"1,5":                     `unknown suffix ",5"`,
		"1,X":                     `unknown suffix ",X"`,
		"8E":                      `size "8E": the largest size is 8E-1, which is 9223372036854775807`,
		"10EB":                    `size "10EB": the largest size is 8E-1`,
		"9007199254740992K":       `the largest size is 8E-1`,
		"9223372036854775808":     `the largest size is 8E-1`,
		"99999999999999999999999": `the largest size is 8E-1`,
	} {
		got, err := Parse(s)
		if err == nil {
			t.Errorf("Parse(%q) = %d, want an error", s, got)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v; want %s", s, err, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 1: "1", 1000: "1000", 1023: "1023", 1024: "1K", 1025: "1025",
		1536 << 20: "1536M", 64 << 30: "64G", 1 << 40: "1T", 1 << 50: "1P", 7 << 60: "7E",
		math.MaxInt64: "9223372036854775807",
	} {
		if got := Format(n); got != want {
			t.Errorf("Format(%d) = %s, want %s", n, got, want)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		n := rng.Int64() >> rng.IntN(63) << rng.IntN(63) & math.MaxInt64
		if got, err := Parse(Format(n)); got != n || err != nil {
			t.Fatalf("Parse(Format(%d)) = %d, %v", n, got, err)
		}
	}
}
