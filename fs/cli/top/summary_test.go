package top

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	s := stats(10, 1000, 64)
	s.ReadErrors = 3
	s.TopFiles = []File{{"a\x1b", 2, 0, 5 << 20}, {"b", 3, 0, 1 << 20}, {"c", 4, 0, 1000}, {"d", 5, 0, 1}}
	got := strings.Join(Summary(s), "\n")
	got = strings.ReplaceAll(got, "µ", "u")
	want := `requests: read 1000, lookup 5
sizes of reads: to 4K 100%
sizes of writes: to 8K 100%
latency of reads: 50% 48us, 99% 64us, 99.9% 64us, at most 64us
files read and written most: a\x1b 5.00 MiB, b 1.00 MiB, c 1000 B
the server took 40.0 MiB of memory at most, 7.5 s of CPU time, 5 s of it in the kernel
what went wrong: read errors 3`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	none := uint64(0)
	if lines := Summary(&Stats{Writes: &none, Requests: map[string]uint64{"lookup": 1}}); lines != nil {
		t.Errorf("of a mount that nobody read: %q", lines)
	}
}
