package spec

import (
	"strings"
	"syscall"
	"testing"
)

func TestParseFailCalls(t *testing.T) {
	const one = Billion / 100
	for _, c := range []struct {
		in   string
		want Fail
		text string // canonical
	}{
		{"open:eio:1%", Fail{Open: FailCall{syscall.EIO, one}}, "open:eio:1%"},
		{"stat:enoent:100%", Fail{Stat: FailCall{syscall.ENOENT, Billion}}, "stat:enoent:100%"},
		{"readdir:eacces:0.5%", Fail{ReadDir: FailCall{syscall.EACCES, one / 2}}, "readdir:eacces:0.5%"},
		{"stat:ebusy:1%+eio@1M+4K+open:eperm:01%", Fail{Errno: syscall.EIO, First: 1 << 20, Length: 4096,
			Open: FailCall{syscall.EPERM, one}, Stat: FailCall{syscall.EBUSY, one}}, "eio@1M+4K+open:eperm:1%+stat:ebusy:1%"},
		{"open:estale:1%+eio:2%", Fail{Errno: syscall.EIO, Share: 2 * one, Open: FailCall{syscall.ESTALE, one}}, "eio:2%+open:estale:1%"},
	} {
		got, err := ParseFail(c.in)
		if got != c.want || err != nil || got.String() != c.text {
			t.Errorf("ParseFail(%q) = %+v, %v, or %q; want %+v, or %q", c.in, got, err, got, c.want, c.text)
		}
		if again, err := ParseFail(got.String()); again != got || err != nil {
			t.Errorf("%q is read again as %+v, %v", got, again, err)
		}
		if reads := got.OfReads(); reads.Errno != got.Errno || reads.Open.Errno != 0 || reads.Stat.Errno != 0 || reads.ReadDir.Errno != 0 {
			t.Errorf("%q: of reads it is %q", got, reads)
		}
	}
	for s, want := range map[string]string{
		"open:eio":                "open must be open:ERR:P%, as in open:eio:1%",
		"open":                    "open must be open:ERR:P%",
		"open:":                   "open must be open:ERR:P%",
		"stat:eio:":               "a share is a plain number and %",
		"stat:eio:0%":             "a share is a plain number and %",
		"readdir:eagain:1%":       `"eagain" is not one of the errors eio, `,
		"eacces:1%":               `"eacces" is not one of the errors eio, `,
		"open:eio@1M+4K":          "open must be open:ERR:P%",
		"close:eio:1%":            `"close" is not one of the errors`,
		"open:eio:1%+open:eio:2%": "open is given twice",
		"eio:1%+enxio@1M+4K":      "reads fail in one way only",
		"eio:1%+":                 "must be ERR@OFFSET+LENGTH",
		"+eio:1%":                 "must be ERR@OFFSET+LENGTH",
		"eio@1M+4K+8K":            "must be ERR@OFFSET+LENGTH",
	} {
		got, err := ParseFail(s)
		if err == nil || got != (Fail{}) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("ParseFail(%q) = %+v, %v; want %s", s, got, err, want)
		}
	}
	if _, err := Parse("1M,fail=readdir:eio:1%"); err == nil || !strings.Contains(err.Error(), "use --fail") {
		t.Errorf("readdir in a SPEC: %v", err)
	}
}
