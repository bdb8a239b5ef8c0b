package spec

import (
	"math"
	"testing"
	"time"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// checkValue checks a parser and its formatter: format(parse(text)) is canonical, and
// parsing that gives the same value again.
func checkValue[T comparable](t *testing.T, name string, parse func(string) (T, error), format func(T) string, text, canonical string, want T) {
	t.Helper()
	got, err := parse(text)
	if err != nil || got != want {
		t.Errorf("Parse%s(%q) = %v, %v; want %v", name, text, got, err, want)
		return
	}
	if again := format(got); again != canonical {
		t.Errorf("Format%s(%v) = %q, want %q", name, got, again, canonical)
	}
	if again, err := parse(canonical); again != want || err != nil {
		t.Errorf("Parse%s(%q) = %v, %v; want %v", name, canonical, again, err, want)
	}
}

// What presets, specs and flags have in common is parsed here alone, and written as
// it is read.
func TestValues(t *testing.T) {
	size := func(text, canonical string, want int64) {
		t.Helper()
		checkValue(t, "Size", bytesize.Parse, bytesize.Format, text, canonical, want)
	}
	size("0", "0", 0)
	size("1024", "1K", 1<<10)
	size("1536M", "1536M", 3<<29)
	size("1MB", "1000000", 1e6)
	size("9223372036854775807", "9223372036854775807", math.MaxInt64)

	rate := func(text, canonical string, want int64) {
		t.Helper()
		checkValue(t, "Rate", ParseRate, FormatRate, text, canonical, want)
	}
	rate("1", "1", 1)
	rate("500M", "500M", 500<<20)
	rate("9223372036854775807", "9223372036854775807", math.MaxInt64)

	share := func(text, canonical string, want uint64) {
		t.Helper()
		checkValue(t, "Share", ParseShare, FormatShare, text, canonical, want)
	}
	share("0%", "0%", 0)
	share("00.10%", "0.1%", 1e6)
	share("0.0000001%", "0.0000001%", 1)
	share("99.9999999%", "99.9999999%", Billion-1)
	share("100.0%", "100%", Billion)

	ratio := func(text, canonical string, want float64) {
		t.Helper()
		checkValue(t, "Ratio", ParseRatio, FormatRatio, text, canonical, want)
	}
	ratio("1", "1", 1)
	ratio("003.250", "3.25", 3.25)
	ratio("1.0000000000000002", "1.0000000000000002", 1.0000000000000002)
	ratio("123456789012345678901234", "123456789012345690000000", 1.2345678901234568e23)

	latency := func(text, canonical string, want time.Duration) {
		t.Helper()
		checkValue(t, "Latency", ParseLatency, FormatLatency, text, canonical, want)
	}
	latency("0.001us", "0.001us", 1)
	latency("1000us", "1ms", time.Millisecond)
	latency("1.50s", "1500ms", 1500*time.Millisecond)
	latency("3600s", "3600s", time.Hour)

	seed := func(text, canonical string, want uint64) {
		t.Helper()
		checkValue(t, "Seed", ParseSeed, FormatSeed, text, canonical, want)
	}
	seed("007", "7", 7)
	seed("0xffffffffffffffff", "18446744073709551615", math.MaxUint64)

	generation := func(text, canonical string, want int) {
		t.Helper()
		checkValue(t, "Generation", ParseGeneration, FormatGeneration, text, canonical, want)
	}
	generation("0", "0", 0)
	generation("04095", "4095", 4095)

	fail := func(text, canonical string) {
		t.Helper()
		want, err := ParseFail(canonical)
		if err != nil {
			t.Fatal(err)
		}
		checkValue(t, "Fail", ParseFail, Fail.String, text, canonical, want)
	}
	fail("eio@1024+4096", "eio@1K+4K")
	fail("estale:00.50%", "estale:0.5%")
}
