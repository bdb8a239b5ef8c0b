package help

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Completer completes command lines. Its answer to a shell is lines:
//
//	WORD [TAB DESCRIPTION]   a candidate; WORD replaces the whole word (but see
//	                         CompleteLine), which it begins with
//	:nospace                 no blank goes after a candidate
//	:files PREFIX            the shell completes the names of files as well, after
//	                         PREFIX, with which the word begins; it may be empty
//	:directories PREFIX      the same for directories
//	:program N               the words from number N, the first one being 1, are the
//	                         command line of another program, which the shell
//	                         completes
//
// Candidates come first. No candidate begins with a colon, is empty, or has a
// control character in it.
type Completer struct {
	Commands []Command       // at least one; the first one is the default
	Mounts   func() []string // mount points of this program; nil for none
}

// Complete writes what may become of the last one of words, which are those of a
// command line up to the cursor, without the program's name and without the
// quotes of the shell.
func (c Completer) Complete(w io.Writer, words []string) error {
	if len(words) == 0 {
		words = []string{""}
	}
	var b strings.Builder
	a := c.answer(words)
	for _, candidate := range a.candidates {
		b.WriteString(candidate.word)
		if candidate.text != "" {
			b.WriteString("\t" + candidate.text)
		}
		b.WriteString("\n")
	}
	if a.noSpace && a.more == "" {
		b.WriteString(":nospace\n")
	}
	switch a.more {
	case File:
		fmt.Fprintf(&b, ":files %s\n", a.prefix)
	case Directory:
		fmt.Fprintf(&b, ":directories %s\n", a.prefix)
	case Program:
		fmt.Fprintf(&b, ":program %d\n", a.program)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// answer is what the last word of a command line may become.
type answer struct {
	word       string // the last word
	candidates []candidate
	noSpace    bool
	more       Kind   // what the shell completes: File, Directory, Program or nothing
	prefix     string // of a file or directory
	program    int    // number of the word that names it
}

type candidate struct{ word, text string }

// add adds a candidate, if the word may become that.
func (a *answer) add(word, text string) {
	isControl := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case !strings.HasPrefix(word, a.word):
	case strings.HasPrefix(word, ":") || strings.ContainsFunc(word, isControl):
		// It could not be told from the other lines.
	default:
		a.candidates = append(a.candidates, candidate{word, text})
	}
}

func (c Completer) answer(words []string) *answer {
	l := c.parse(words[:len(words)-1])
	a := &answer{word: words[len(words)-1]}
	switch f, value, ok := l.attached(a.word); {
	case l.pending != nil:
		c.value(a, l, *l.pending, "")
	case l.noFlags:
		c.operand(a, l)
	case ok:
		c.value(a, l, f, strings.TrimSuffix(a.word, value))
	case strings.HasPrefix(a.word, "-"):
		for _, f := range l.flags {
			if f.repeated || !slices.Contains(l.given, f.name) {
				for _, name := range f.names() {
					a.add(name, f.brief())
				}
			}
		}
	default:
		if len(words) == 1 {
			for _, command := range visible(c.Commands) {
				a.add(command.Name, command.Summary)
			}
		}
		c.operand(a, l)
	}
	return a
}

// operand completes a word that is not a flag.
func (c Completer) operand(a *answer, l line) {
	if l.command.Operand == Program {
		a.more, a.program = Program, l.program
		return
	}
	c.kind(a, l, l.command.Operand, "")
}

// value completes the value of a flag, which comes after prefix.
func (c Completer) value(a *answer, l line, f flag, prefix string) {
	if f.choices == "" {
		c.kind(a, l, f.kind, prefix)
		return
	}
	for _, choice := range strings.Split(f.choices, "|") {
		a.add(prefix+choice, "")
	}
}

// kind completes a word of which the part after prefix is of this kind.
func (c Completer) kind(a *answer, l line, kind Kind, prefix string) {
	switch kind {
	case File, Directory:
		a.more, a.prefix = kind, prefix
	case Mount:
		if c.Mounts == nil {
			return
		}
		for _, mount := range c.Mounts() {
			a.add(prefix+mount, "")
		}
	case Shell:
		for _, shell := range Shells {
			a.add(prefix+shell, "")
		}
	case Topic:
		for _, command := range visible(c.Commands) {
			a.add(prefix+command.Name, command.Summary)
		}
	case Spec:
		a.spec(prefix)
	case Options:
		c.options(a, l, prefix)
	}
}

// spec completes the last key of a SPEC.
func (a *answer) spec(prefix string) {
	comma := strings.LastIndexByte(a.word, ',')
	if comma < len(prefix) {
		return // it is the size, or what comes before
	}
	keys := specKeys
	if strings.Contains(a.word, "..") {
		keys = slices.Concat(specKeys, treeKeys) // of many files
	}
	a.noSpace = true
	for _, k := range keys {
		if strings.Contains(a.word[:comma+1], ","+k.name+"=") {
			continue
		}
		a.add(a.word[:comma+1]+k.name+"=", k.brief)
		for _, choice := range k.choices() {
			if strings.HasPrefix(a.word[comma+1:], k.name+"=") {
				a.add(a.word[:comma+1]+k.name+"="+choice, "")
			}
		}
	}
}

// options completes the last one of a list of mount options.
func (c Completer) options(a *answer, l line, prefix string) {
	begin := len(prefix)
	for i := begin; i < len(a.word); i++ {
		switch a.word[i] {
		case '\\':
			i++
		case ',':
			begin = i + 1
		}
	}
	a.noSpace = true
	key, _, hasValue := strings.Cut(a.word[begin:], "=")
	for _, f := range l.flags {
		switch {
		case f == helpFlag || f.kind == Options:
		case !hasValue && f.value == "":
			a.add(a.word[:begin]+f.option(), f.brief())
		case !hasValue:
			a.add(a.word[:begin]+f.option()+"=", f.brief())
		// The commas of a SPEC have a backslash here, and are not completed.
		case f.value != "" && f.option() == key && f.kind != Spec:
			c.value(a, l, f, a.word[:begin]+key+"=")
		}
	}
}
