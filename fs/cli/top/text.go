package top

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Numbers are short and have three digits that matter, for columns of a table.

// scaled writes a number with one of some units, each base times the one before.
func scaled(x, base float64, units []string) string {
	i := 0
	for math.Round(x) >= base && i < len(units)-1 {
		x /= base
		i++
	}
	digits := 2
	switch {
	case i == 0 && x == math.Trunc(x) || x >= 99.95:
		digits = 0
	case x >= 9.995:
		digits = 1
	}
	return strconv.FormatFloat(x, 'f', digits, 64) + units[i]
}

func bytes(x float64) string {
	return scaled(x, 1024, []string{" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"})
}

// sizeName writes a power of two as in a SPEC.
func sizeName(n int64) string {
	unit := ""
	for _, u := range []string{"K", "M", "G", "T", "P"} {
		if n < 1024 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.FormatInt(n, 10) + unit
}

func count(x float64) string { return scaled(x, 1000, []string{"", "k", "M", "G", "T"}) }

// span writes a time that something took, in two digits: it is not known better.
func (s *Screen) span(seconds float64) string {
	micro := "µs"
	if s.ASCII {
		micro = "us"
	}
	x, unit := seconds*1e6, micro
	switch {
	case x >= 999_500:
		x, unit = seconds, "s"
	case x >= 999.5:
		x, unit = seconds*1e3, "ms"
	}
	if x < 9.95 && x > 0 {
		return fmt.Sprintf("%.1f%s", x, unit)
	}
	return fmt.Sprintf("%.0f%s", x, unit)
}

// age writes how long a mount has been there.
func age(seconds float64) string {
	d := time.Duration(seconds) * time.Second
	days := d / (24 * time.Hour)
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh %02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm %02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// wide are the ranges of characters that take two columns of a terminal (East Asian Width
// W and F of Unicode, in blocks).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{{0x1100, 0x115f, 1}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xa960, 0xa97c, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1}},
	R32: []unicode.Range32{{0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f900, 0x1f9ff, 1}, {0x20000, 0x3fffd, 1}},
}

func columns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// width returns how many columns a text takes.
func width(text string) (n int) {
	for _, r := range text {
		n += columns(r)
	}
	return n
}

// cut returns as much of the beginning of a text as has room in n columns.
func cut(text string, n int) string {
	for i, r := range text {
		if n -= columns(r); n < 0 {
			return text[:i]
		}
	}
	return text
}

// left fills a text up to n columns, or cuts it.
func left(text string, n int) string {
	text = cut(text, n)
	return text + strings.Repeat(" ", max(0, n-width(text)))
}

// right does the same, with blanks in front.
func right(text string, n int) string {
	text = cut(text, n)
	return strings.Repeat(" ", max(0, n-width(text))) + text
}

// tail returns as much of the end of a path as has room in n columns.
func (s *Screen) tail(path string, n int) string {
	if width(path) <= n {
		return path
	}
	mark := "…"
	if s.ASCII {
		mark = "..."
	}
	for i := range path {
		if rest := mark + path[i:]; width(rest) <= n {
			return rest
		}
	}
	return cut(mark, n)
}

// curve draws values from 0 to 1 in rows of blocks of eighths, the upper row first.
func (s *Screen) curve(values []float64, rows int) []string {
	levels := []rune(" ▁▂▃▄▅▆▇█")
	if s.ASCII {
		levels = []rune(" .:-=+*#%")
	}
	steps := len(levels) - 1
	lines := make([]string, rows)
	for row := range lines {
		var b strings.Builder
		for _, v := range values {
			level := int(math.Ceil(v*float64(rows*steps))) - (rows-1-row)*steps
			b.WriteRune(levels[min(max(level, 0), steps)])
		}
		lines[row] = b.String()
	}
	return lines
}

// bar draws a value from 0 to 1 in a row of n columns.
func (s *Screen) bar(value float64, n int) string {
	full := min(int(math.Round(value*float64(n))), n)
	if full == 0 && value > 0 {
		full = 1
	}
	block := "█"
	if s.ASCII {
		block = "#"
	}
	return left(strings.Repeat(block, full), n)
}
