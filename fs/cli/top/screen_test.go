package top

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// testView is one in which everything is shown.
func testView() *View {
	m := Monitor{Mountpoint: "/mnt/synth"}
	m.Add(stats(100, 1000, 64))
	s := stats(101, 51_000, 64)
	s.ReadErrors, s.Interrupted, s.Damaged, s.Waiting = 5, 6, 7, 8
	for i := range 20 {
		s.Requests[fmt.Sprintf("kind%d", i)] = uint64(i)
	}
	s.Latency["write"], s.Latency["other"] = s.Latency["read"], Latency{}
	s.BusyFiles, s.TopFiles = nil, nil
	for i := range 10 {
		s.BusyFiles = append(s.BusyFiles, File{fmt.Sprintf("directory/of/some/depth/with/long/names/busy-%d-%s", i, strings.Repeat("x", 10*i)), uint64(i), 1e6, 1e9})
		s.TopFiles = append(s.TopFiles, File{fmt.Sprintf("日本語/e\u0301/\x1b[31m/top-%d", i), uint64(i), 1e6, 1e9})
	}
	return m.Add(s)
}

// Whatever the size of the terminal, no line is longer, and there are no more.
func TestLinesFit(t *testing.T) {
	v := testView()
	for _, w := range []int{20, 40, 79, 80, 81, 132, 400} {
		for _, h := range []int{1, 2, 5, 10, 23, 24, 25, 50, 100} {
			for i, s := range []Screen{{}, {Keys: true}, {Keys: true, ByBytes: true, Totals: true, Paused: true}, {Help: true, Keys: true}, {ASCII: true}} {
				s.Width, s.Height = w, h
				for _, view := range []*View{v, nil} {
					lines := s.Lines(view)
					if len(lines) > h {
						t.Errorf("%d x %d, %d: %d lines", w, h, i, len(lines))
					}
					for _, line := range lines {
						if width(line) > w || strings.ContainsAny(line, "\n\r\x1b") || !utf8.ValidString(line) {
							t.Errorf("%d x %d, %d: %q has %d columns", w, h, i, line, width(line))
						}
					}
				}
			}
		}
	}
}

// On a terminal of 80 by 24, all parts are there, also where files are written.
func TestUsualSize(t *testing.T) {
	s := Screen{Width: 80, Height: 24, Keys: true}
	text := strings.Join(s.Lines(testView()), "\n")
	for _, want := range []string{
		"dgenfs top /mnt/synth ", "dev, pid 7, up 1m 41s", "195 MiB/s", "50.0k/s", "write ", "█", "0, 60 s",
		"\nread          50.0k", "to 4K  ", " 100%", "\n", "99.9%", "64µs", "memory 30.0 MiB, at most 40.0 MiB", "open 3, waiting 8, interrupted 6", "damaged 7",
		"now", "last minute", "peak", "busy-0", "busy-1", "q quit",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	s.ByBytes, s.Totals = true, true
	text = strings.Join(s.Lines(testView()), "\n")
	for _, want := range []string{"top-0", `\x1b[31m`, "total\n", "\nread          51.0k"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	s.Help = true
	if text = strings.Join(s.Lines(testView()), "\n"); !strings.Contains(text, "requests, sizes and latencies") {
		t.Errorf("help:\n%s", text)
	}
}

// Without colours there are no escape sequences; in ASCII, no other characters.
func TestStyles(t *testing.T) {
	v := testView()
	v.TopFiles, v.BusyFiles = nil, nil
	for _, s := range []Screen{{}, {Colour: true}, {ASCII: true}} {
		text := strings.Join(s.Lines(v), "\n")
		if got := strings.Contains(text, "\x1b["); got != s.Colour {
			t.Errorf("%+v: there are colours: %v", s, got)
		}
		if got := len(text) == utf8.RuneCountInString(text); got != s.ASCII {
			t.Errorf("%+v: all is ASCII: %v", s, got)
		}
	}
}

func TestText(t *testing.T) {
	var s Screen
	for got, want := range map[string]string{
		bytes(0):                  "0 B",
		bytes(1023):               "1023 B",
		bytes(1024):               "1.00 KiB",
		bytes(15.25 * (1 << 20)):  "15.2 MiB",
		bytes(999.9 * (1 << 30)):  "1000 GiB",
		bytes(1023.9 * (1 << 10)): "1.00 MiB",
		bytes(0.25):               "0.25 B",
		count(999):                "999",
		count(999.6):              "1.00k",
		count(1234567):            "1.23M",
		count(0.5):                "0.50",
		sizeName(512):             "512",
		sizeName(1 << 20):         "1M",
		s.span(0.0000004):         "0.4µs",
		s.span(0.0000096):         "9.6µs",
		s.span(0.000064):          "64µs",
		s.span(0.0019):            "1.9ms",
		s.span(0.9999):            "1.0s",
		s.span(67):                "67s",
		age(59):                   "59s",
		age(3600):                 "1h 00m",
		age(90061):                "1d 1h",
		s.tail("a/b/c", 4):        "…b/c",
		s.tail("日本語", 5):          "…本語",
		left("日本", 3):             "日 ",
		right("ab", 4):            "  ab",
		percent(0.001):            "<1%",
		percent(0.999):            ">99%",
		percent(1):                "100%",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := s.curve([]float64{0, 0.1, 0.5, 0.75, 1}, 2); got[0] != "   ▄█" || got[1] != " ▂███" {
		t.Errorf("%q", got)
	}
	if got := s.bar(0.001, 4) + s.bar(0.5, 4) + s.bar(1, 4) + s.bar(0, 4); got != "█   ██  ████    " {
		t.Errorf("%q", got)
	}
}

func TestPress(t *testing.T) {
	var s Screen
	for _, key := range []byte("pst") {
		if s.press(key) {
			t.Errorf("%c ends", key)
		}
	}
	if !s.Paused || !s.ByBytes || !s.Totals {
		t.Errorf("%+v", s)
	}
	if s.press('?'); !s.Help {
		t.Error("no help")
	}
	if s.press('p'); s.Help || !s.Paused {
		t.Error("a key must end the help, and do nothing else")
	}
	if s.press('x') || !s.press('q') {
		t.Error("x ends, or q does not")
	}
}
