package treefile

import (
	"bytes"
	"strings"
)

// directiveMark is what a line of directives begins with.
const directiveMark = "#!"

// Directive is a flag of the mount that a tree file gives, in a line such as
//
//	#! --seed 7 --generation 3 --change=2%
//
// so that the file says everything that its files depend on. What the flags mean is not
// known here.
type Directive struct {
	Line            // where it is
	Flag     string // its name with dashes, or a word that is not a flag
	Value    string
	HasValue bool
}

// Directives returns the directives of a tree file, called name in errors, in their
// order.
func Directives(name string, text []byte) (all []Directive) {
	if !bytes.Contains(text, []byte(directiveMark)) {
		return nil
	}
	for number, s := range lines(text) {
		rest, ok := strings.CutPrefix(s, directiveMark)
		if !ok {
			continue
		}
		words := strings.Fields(rest)
		for i := 0; i < len(words); i++ {
			d := Directive{Line: Line{Source: name, Number: number}}
			d.Flag, d.Value, d.HasValue = strings.Cut(words[i], "=")
			if !d.HasValue && i+1 < len(words) && !strings.HasPrefix(words[i+1], "--") {
				i++
				d.Value, d.HasValue = words[i], true
			}
			all = append(all, d)
		}
	}
	return all
}
