package spec

import (
	"math"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestParseTrouble(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Trouble
		text string // canonical
	}{
		{"1G,rate=1", Trouble{Rate: 1}, "1G,rate=1"},
		{"1G,rate=500M", Trouble{Rate: 500 << 20}, "1G,rate=500M"},
		{"1G,rate=500MB", Trouble{Rate: 500e6}, "1G,rate=500000000"},
		{"1G,rate=9223372036854775807", Trouble{Rate: math.MaxInt64}, "1G,rate=9223372036854775807"},
		{"1G,latency=2ms", Trouble{Latency: 2 * time.Millisecond}, "1G,latency=2ms"},
		{"1G,latency=1.50s", Trouble{Latency: 1500 * time.Millisecond}, "1G,latency=1500ms"},
		{"1G,latency=0.001us", Trouble{Latency: 1}, "1G,latency=0.001us"},
		{"1G,latency=12.3450us", Trouble{Latency: 12345}, "1G,latency=12.345us"},
		{"1G,latency=1000us", Trouble{Latency: time.Millisecond}, "1G,latency=1ms"},
		{"1G,latency=3600s", Trouble{Latency: time.Hour}, "1G,latency=3600s"},
		{"1G,latency=003600.000s", Trouble{Latency: time.Hour}, "1G,latency=3600s"},
		{"2G,fail=eio@1G+4K", Trouble{Fail: Fail{Errno: syscall.EIO, First: 1 << 30, Length: 4096}}, "2G,fail=eio@1G+4K"},
		{"1,fail=estale@0+1", Trouble{Fail: Fail{Errno: syscall.ESTALE, Length: 1}}, "1,fail=estale@0+1"},
		{"9223372036854775807,fail=enxio@9223372036854775806+1", Trouble{Fail: Fail{Errno: syscall.ENXIO, First: math.MaxInt64 - 1, Length: 1}},
			"9223372036854775807,fail=enxio@9223372036854775806+1"},
		{"1G,fail=eio:0.001%", Trouble{Fail: Fail{Errno: syscall.EIO, Share: 10000}}, "1G,fail=eio:0.001%"},
		{"1G,fail=etimedout:0.0000001%", Trouble{Fail: Fail{Errno: syscall.ETIMEDOUT, Share: 1}}, "1G,fail=etimedout:0.0000001%"},
		{"1G,fail=eremoteio:0100.00%", Trouble{Fail: Fail{Errno: syscall.EREMOTEIO, Share: Billion}}, "1G,fail=eremoteio:100%"},
		{"1G,fail=enodata:12.0340%", Trouble{Fail: Fail{Errno: syscall.ENODATA, Share: 120340000}}, "1G,fail=enodata:12.034%"},
		{"0,fail=enolink:1%", Trouble{Fail: Fail{Errno: syscall.ENOLINK, Share: 1e7}}, "0,fail=enolink:1%"},
		{"1G,fail=ebadmsg:5%,latency=1ms,rate=1K", Trouble{Rate: 1 << 10, Latency: time.Millisecond, Fail: Fail{Errno: syscall.EBADMSG, Share: 5e7}}, "1G,rate=1K,latency=1ms,fail=ebadmsg:5%"},
	} {
		got, err := Parse(c.in)
		if got.Trouble != c.want || err != nil {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", c.in, got.Trouble, err, c.want)
		}
		if got.String() != c.text {
			t.Errorf("Parse(%q).String() = %q, want %q", c.in, got.String(), c.text)
		}
		checkRoundTrip(t, got)
	}
}

func TestParseTroubleErrors(t *testing.T) {
	const (
		latency = "a latency is a plain number and us, ms or s, such as 2ms or 1.5s"
		fine    = "nothing is shorter than 0.001us, a nanosecond"
		most    = "a latency is at most 3600s"
		fail    = "must be ERR@OFFSET+LENGTH, as in eio@1G+4K, or ERR:P%, as in eio:0.001%, or CALL:ERR:P%, as in open:eio:1%"
		share   = "a share is a plain number and %, from 0.0000001% to 100%, with 7 digits after the point at most"
	)
	for s, want := range map[string]string{
		"rate=":                          `rate: size "": a size starts with a digit`,
		"rate=0":                         `rate "0": a rate is 1 byte a second or more`,
		"rate=0G":                        `rate "0G": a rate is 1 byte a second or more`,
		"rate=-1":                        `rate: size "-1": a size starts with a digit`,
		"rate=8E":                        `rate: size "8E": the largest size is 8E-1`,
		"rate=1M/s":                      `rate: size "1M/s": unknown suffix "M/s"`,
		"rate=1,rate=1":                  `key "rate" is given twice`,
		"latency=":                       `latency "": ` + latency,
		"latency=2":                      `latency "2": ` + latency,
		"latency=ms":                     `latency "ms": ` + latency,
		"latency=-2ms":                   `latency "-2ms": ` + latency,
		"latency=+2ms":                   `latency "+2ms": ` + latency,
		"latency=2 ms":                   `latency "2 ms": ` + latency,
		"latency=2MS":                    `latency "2MS": ` + latency,
		"latency=2m":                     `latency "2m": ` + latency,
		"latency=1h":                     `latency "1h": ` + latency,
		"latency=2ns":                    `latency "2ns": ` + latency,
		"latency=.5s":                    `latency ".5s": ` + latency,
		"latency=5.s":                    `latency "5.s": ` + latency,
		"latency=1.2.3s":                 `latency "1.2.3s": ` + latency,
		"latency=1e3us":                  `latency "1e3us": ` + latency,
		"latency=1s1ms":                  `latency "1s1ms": ` + latency,
		"latency=0s":                     `latency "0s": a latency is more than 0`,
		"latency=0.000us":                `latency "0.000us": a latency is more than 0`,
		"latency=0.0001us":               `latency "0.0001us": ` + fine,
		"latency=1.0000000001s":          `latency "1.0000000001s": ` + fine,
		"latency=3600.000000001s":        `latency "3600.000000001s": ` + most,
		"latency=3601s":                  most,
		"latency=9223372036854775807us":  most,
		"latency=99999999999999999999s":  most,
		"fail=":                          `fail "": ` + fail,
		"fail=eio":                       `fail "eio": ` + fail,
		"fail=eio@":                      `a range is OFFSET+LENGTH, as in 1G+4K`,
		"fail=eio@4K":                    `a range is OFFSET+LENGTH, as in 1G+4K`,
		"fail=eio@4K+":                   `fail "eio@4K+": size "": a size starts with a digit`,
		"fail=eio@+4K":                   `fail "eio@+4K": size "": a size starts with a digit`,
		"fail=eio@-1+4K":                 `size "-1": a size starts with a digit`,
		"fail=eio@4K+0":                  `fail "eio@4K+0": a range has at least 1 byte`,
		"fail=eio@1+9223372036854775807": `a range ends at 8E-1 at most`,
		"fail=eio@1M+1":                  `fail "eio@1M+1": the range must lie within the file, which has 1M`,
		"fail=eio@2M+1":                  `the range must lie within the file, which has 1M`,
		"fail=eio@0+1048577":             `the range must lie within the file, which has 1M`,
		"fail=EIO:1%":                    `fail "EIO:1%": "EIO" is not one of the errors eio, enodata, eremoteio, etimedout, enolink, enxio, ebadmsg, estale`,
		"fail=eagain:1%":                 `"eagain" is not one of the errors eio, `,
		"fail=:1%":                       `"" is not one of the errors eio, `,
		"fail=eio:":                      `fail "eio:": ` + share,
		"fail=eio:1":                     `fail "eio:1": ` + share,
		"fail=eio:%":                     `fail "eio:%": ` + share,
		"fail=eio:0%":                    `fail "eio:0%": ` + share,
		"fail=eio:0.00000001%":           share,
		"fail=eio:100.0000001%":          share,
		"fail=eio:101%":                  share,
		"fail=eio:-1%":                   share,
		"fail=eio:1e1%":                  share,
		"fail=eio:NaN%":                  share,
		"fail=eio:1%%":                   share,
		"fail=eio:99999999999999999999%": share,
		"fail=eio:1%,fail=eio:1%":        `key "fail" is given twice`,
	} {
		got, err := Parse("1M," + s)
		if err == nil || got != (Spec{}) {
			t.Errorf("Parse(1M,%s) = %+v, want an error", s, got)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Parse(1M,%s): %v; want %s", s, err, want)
		}
	}
}

func TestTroubleKeys(t *testing.T) {
	for s, want := range map[string]string{
		"1M": "", "1M,seed=7": "", "1M,rate=1": "rate", "1M,fail=eio:1%,latency=1ms": "latency fail", "1M,fail=eio@0+1": "fail",
	} {
		sp, err := Parse(s)
		if got := strings.Join(sp.Trouble.Keys(), " "); got != want || err != nil {
			t.Errorf("the keys of %s: %q, %v; want %q", s, got, err, want)
		}
	}
}

func TestCutName(t *testing.T) {
	for s, want := range map[string][2]string{
		"a:1G":                         {"a", "1G"},
		"a:b:1G":                       {"a:b", "1G"},
		"a:1G,fail=eio:0.001%":         {"a", "1G,fail=eio:0.001%"},
		"a:1G,fail=eio:0.001%,seed=7":  {"a", "1G,fail=eio:0.001%,seed=7"},
		"a:b:1G,fail=eio:1%,rate=5M":   {"a:b", "1G,fail=eio:1%,rate=5M"},
		"x,fail=eio:1G":                {"x,fail=eio", "1G"},
		"a:b,fail=eio:1G,fail=eio@0+1": {"a:b,fail=eio", "1G,fail=eio@0+1"},
		"a:":                           {"a", ""},
		"eio:1%":                       {"eio", "1%"},
		"a:lognormal:64K:1.5":          {"a", "lognormal:64K:1.5"},
		"a:1K:lognormal:64K:1.5,x=1":   {"a", "1K:lognormal:64K:1.5,x=1"},
		"a:lognormal:64K:1.5,x=1":      {"a", "lognormal:64K:1.5,x=1"},
		"a:4K..1M,total=1G":            {"a", "4K..1M,total=1G"},
		"a:lognormal:1K:99":            {"a", "lognormal:1K:99"},
		"a:normal:1K:99:1..2K":         {"a", "normal:1K:99:1..2K"},
		"a:square:10:2":                {"a", "square:10:2"},
		"a:normal:0:1":                 {"a", "normal:0:1"},
		"a:b:lognormal:0:1":            {"a:b", "lognormal:0:1"},
	} {
		if name, text, ok := CutName(s); name != want[0] || text != want[1] || !ok {
			t.Errorf("CutName(%q) = %q, %q, %v; want %q", s, name, text, ok, want)
		}
	}
	if _, _, ok := CutName("1G,rate=5M"); ok {
		t.Error("there is nothing to cut in 1G,rate=5M")
	}
}

func TestCheckName(t *testing.T) {
	for s, want := range map[string]string{
		"x-{0..2}.npz:gamma:140M:47M": `"gamma" is not a distribution of sizes`,
		"a:b:1G":                      `"b" is not a distribution of sizes`,
		"a:x.y:gauss:1K:1,seed=7":     `"gauss" is not a distribution of sizes`,
		"foo:1G,bar:1G":               `is "foo:1G,bar" the NAME?`,
		"a.b:c.d:1G":                  `is "a.b:c.d" the NAME?`,
		"a:1G":                        "",
		"a:lognormal:1K:1":            "",
		"a:1G,fail=eio:1%":            "",
	} {
		name, files, _ := CutName(s)
		if err := CheckName(name, files); want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: %v, want %s", s, err, want)
		}
	}
}
