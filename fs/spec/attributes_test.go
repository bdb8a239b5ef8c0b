package spec

import (
	"strings"
	"testing"
	"time"
)

func TestAttributes(t *testing.T) {
	for in, want := range map[string]string{
		"1,mode=755":                                           "1,mode=0755",
		"1,mode=0":                                             "1,mode=0000",
		"1,mode=7777":                                          "1,mode=7777",
		"1,gid=0,uid=4294967294":                               "1,uid=4294967294,gid=0",
		"1,mtime=2024-05-01,mode=0600":                         "1,mode=0600,mtime=2024-05-01",
		"1,mtime=2024-05-01T00:00:00Z":                         "1,mtime=2024-05-01",
		"1,mtime=2024-05-01T12:30:00":                          "1,mtime=2024-05-01T12:30:00Z",
		"1,mtime=2024-05-01T12:30:00.250000001":                "1,mtime=2024-05-01T12:30:00.250000001Z",
		"1,mtime=1970-01-01..2261-12-31":                       "1,mtime=1970-01-01..2261-12-31",
		"1,mtime=2024-05-01..2024-05-01":                       "1,mtime=2024-05-01",
		"1,fail=eio:1%,uid=5,rate=1M,mtime=2000-01-01T1:02:03": "",
	} {
		s, err := Parse(in)
		if want == "" {
			if err == nil {
				t.Errorf("%q is %q, want an error", in, s)
			}
			continue
		}
		if err != nil || s.String() != want {
			t.Errorf("%q is %q, %v; want %q", in, s, err, want)
			continue
		}
		checkRoundTrip(t, s)
		_, attributes, _ := strings.Cut(want, ",")
		if a, err := ParseAttributes(attributes); a != s.Attributes || err != nil || a.String() != attributes {
			t.Errorf("%q is %v, %v; want %v", attributes, a, err, s.Attributes)
		}
		if c := s.Content(); c.String() != "1" {
			t.Errorf("the contents of %q are those of %q", in, c)
		}
	}
}

func TestBadAttributes(t *testing.T) {
	for attributes, want := range map[string]string{
		"mode=8":                                `mode "8": a mode is octal digits, 0 to 7777, such as 0755`,
		"mode=10000":                            `mode "10000"`,
		"mode=u+x":                              `mode "u+x"`,
		"mode=-1":                               `mode "-1"`,
		"mode=":                                 `mode ""`,
		"uid=-1":                                `uid "-1": must be a number from 0 to 4294967294`,
		"uid=4294967295":                        `uid "4294967295"`,
		"uid=root":                              `uid "root"`,
		"gid=":                                  `gid ""`,
		"mtime=":                                `mtime "": must be a date`,
		"mtime=yesterday":                       `mtime "yesterday": must be a date, or a date and a time in UTC, such as`,
		"mtime=2024-02-30":                      `mtime "2024-02-30": must be a date`,
		"mtime=2024-05-01T12:30":                `mtime "2024-05-01T12:30": must be a date`,
		"mtime=2024-05-01T12:30:00+02:00":       `mtime "2024-05-01T12:30:00+02:00": must be a date`,
		"mtime=2024-05-01T12:30:00.1234567890":  `mtime "2024-05-01T12:30:00.1234567890": must be a date`,
		"mtime=1969-12-31":                      `mtime "1969-12-31": the year must be from 1970 to 2261`,
		"mtime=2262-01-01":                      `the year must be from 1970 to 2261`,
		"mtime=2024-05-01..":                    `mtime "2024-05-01..": must be a date`,
		"mtime=2024-05-02..2024-05-01":          `mtime "2024-05-02..2024-05-01": the first moment must be the earlier one`,
		"mtime=2024-05-01..2024-06-01..2024-07": `must be a date`,
		"mode":                                  `key "mode" has no value; write mode=VALUE`,
		"mode=1,mode=1":                         `key "mode" is given twice`,
	} {
		if _, err := ParseAttributes(attributes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseAttributes(%q): %v; want %s", attributes, err, want)
		}
		if _, err := Parse("1," + attributes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(1,%q): %v; want %s", attributes, err, want)
		}
	}
	for _, attributes := range []string{"", "5K", "mode=1,", "mode=1,seed=3", "seed=3"} {
		if _, err := ParseAttributes(attributes); err == nil || !strings.Contains(err.Error(), "a directory has no size, and of keys there are mode, uid, gid, mtime") {
			t.Errorf("ParseAttributes(%q): %v", attributes, err)
		}
	}
}

// The moments of a range are in it, all over it, and whole seconds unless an end is not.
func TestTimes(t *testing.T) {
	for text, step := range map[string]time.Duration{
		"2024-05-01..2024-05-02":                                   time.Second,
		"1970-01-01..2261-12-31T23:59:59.999999999":                1,
		"2024-05-01T12:00:00..2024-05-01T12:00:00.000000999":       1,
		"2024-05-01T12:00:00.5..2024-05-01T12:00:00.5":             1,
		"2024-05-01T12:00:00..2024-05-01T12:00:01":                 time.Second,
		"2024-05-01T12:00:00.000000001..2024-05-01T12:00:01.75000": 1,
	} {
		times, err := ParseTimes(text)
		if err != nil {
			t.Fatal(err)
		}
		from, to := times.From.Time(), times.To.Time()
		width := float64(to.Sub(from) + step)
		var parts [4]int
		for draw := range uint64(4000) {
			at := times.At(draw)
			if at.Before(from) || at.After(to) || at.Sub(from)%step != 0 || !at.Equal(times.At(draw)) {
				t.Fatalf("%s: %v", text, at)
			}
			parts[int(float64(at.Sub(from))/width*4)]++
		}
		for i, n := range parts {
			if want := 1000; to.Sub(from) > 10*step && (n < want-150 || n > want+150) {
				t.Errorf("%s: %d of 4000 in quarter %d", text, n, i)
			}
		}
	}
}

func TestCutNameOfDirectories(t *testing.T) {
	for text, want := range map[string][2]string{
		"a/:mode=0700":                    {"a/", "mode=0700"},
		"a/:mtime=2024-05-01T12:30:00":    {"a/", "mtime=2024-05-01T12:30:00"},
		"a:mtime=2024-05-01T12:30:00":     {"a:mtime=2024-05-01T12:30", "00"},
		"a:1M,mtime=2024-05-01T12:30:00":  {"a", "1M,mtime=2024-05-01T12:30:00"},
		"a/:5M,mtime=2024-05-01T12:30:00": {"a/", "5M,mtime=2024-05-01T12:30:00"},
	} {
		if name, rest, ok := CutName(text); !ok || name != want[0] || rest != want[1] {
			t.Errorf("CutName(%q) = %q, %q, %v; want %q", text, name, rest, ok, want)
		}
	}
}
