package spec

import (
	"strings"
	"testing"
)

func TestCut(t *testing.T) {
	for s, want := range map[string]string{
		"":                                  "",
		strings.Repeat("x", 256):            strings.Repeat("x", 256),
		strings.Repeat("x", 257):            strings.Repeat("x", 256) + "...",
		strings.Repeat("x", 255) + "\u20ac": strings.Repeat("x", 255) + "...",
		strings.Repeat("\x80", 300):         strings.Repeat("\x80", 252) + "...",
	} {
		if got := Cut(s); got != want {
			t.Errorf("Cut(%q) = %q, want %q", s, got, want)
		}
	}
}

// However long the input is, the error is not.
func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("9", 1<<20)
	for _, s := range []string{
		long, "x" + long, "1" + long + "X", "1X" + long, "1," + long, "1," + long + "=1", "1,," + long, "1," + long + ",",
		long + ".." + long, "lognormal:" + long, "lognormal:1:" + long, "lognormal:1:x" + long,
		"1,seed=" + long, "1,seed=x" + long, "1,dedup=x" + long, "1,unit=" + long, "1,unit=1" + strings.Repeat("0", 9) + long,
		"1,skew=" + long, "1,scope=" + long, "1,group=" + long, "1,group=" + long + "of" + long, "1,compress=" + long, "1,compress=x" + long,
		"1,generation=" + long, "1,change=" + long, "1,change=" + long + "%", "1,insert=" + long, "1,insert=" + long + "%", "1,phase=" + long, "1,rate=" + long, "1,latency=" + long,
		"1,latency=" + long + "s", "1,latency=0." + long + "s", "1,fail=" + long, "1,fail=" + long + ":1%", "1,fail=eio:" + long, "1,fail=eio@1+" + long,
		"1,total=" + long, "1,share=" + long, "1,share=" + long + "%",
	} {
		if _, err := ParseFiles(s); err == nil || len(err.Error()) > 2000 {
			t.Errorf("%s: an error of %d bytes, want at most 2000", Cut(s), len(err.Error()))
		}
	}
}
