package spec

import (
	"slices"
	"strings"
)

// CutName cuts NAME:SPEC at the first colon before a valid spec of many files: names may
// contain colons, and so may specs, as in fail=eio:1% or lognormal:64K:2. If there is no
// valid spec, it cuts where one was probably meant, for a better error. ok is false if
// there is no colon.
func CutName(s string) (name, spec string, ok bool) {
	meant := -1
	for i := range len(s) {
		if s[i] != ':' {
			continue
		}
		rest := s[i+1:]
		if key, _, ok := strings.Cut(rest, "="); ok && i > 0 && s[i-1] == '/' && slices.Contains(attributeKeys, key) {
			return s[:i], rest, true // of a directory
		}
		isDrawn := hasDistribution(rest)
		if !isDrawn && leadingDigits(rest) == 0 && !IsLink(rest) {
			continue
		}
		if _, err := ParseFiles(rest); err == nil {
			return s[:i], rest, true
		}
		if meant < 0 {
			meant = i
		}
		if isDrawn {
			break // it is wrong, though the 99 of lognormal:1K:99 is a size
		}
	}
	if meant < 0 {
		meant = strings.LastIndexByte(s, ':')
	}
	if meant < 0 {
		return "", "", false
	}
	return s[:meant], s[meant+1:], true
}
