package spec

import "unicode/utf8"

// maxQuoted is how many bytes of an input an error quotes.
const maxQuoted = 256

// Cut returns what an error quotes of s, which comes from outside: all of it, or the
// first 256 bytes and three dots, for use with %q.
func Cut(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	n := maxQuoted
	for n > maxQuoted-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
