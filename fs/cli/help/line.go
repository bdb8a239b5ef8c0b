package help

import (
	"slices"
	"strings"
)

// line is a command line up to the word that is completed.
type line struct {
	command Command
	flags   []flag
	given   []string // names of flags that are there already
	pending *flag    // the flag whose value comes next
	noFlags bool     // what comes next is an operand, whatever it begins with
	program int      // number of the word that is the name of another program
}

// parse parses the words before the one that is completed.
func (c Completer) parse(words []string) line {
	l := line{command: c.Commands[0], program: len(words) + 1}
	begin := 0
	if len(words) > 0 {
		is := func(c Command) bool { return c.Name == words[0] }
		if i := slices.IndexFunc(c.Commands, is); i >= 0 {
			l.command, begin = c.Commands[i], 1
		}
	}
	l.flags = l.command.flags()
	for i, word := range words[begin:] {
		switch {
		case l.pending != nil:
			l.pending = nil
		case l.noFlags || word == "-" || !strings.HasPrefix(word, "-"):
			if l.command.Operand == Program {
				l.noFlags = true
				l.program = min(l.program, begin+i+1)
			}
		case word == "--":
			l.noFlags = true
		default:
			l.flag(word)
		}
	}
	return l
}

// flag takes note of the flags in a word, and of the last one's value if that is
// missing.
func (l *line) flag(word string) {
	name, isLong := strings.CutPrefix(word, "--")
	if isLong {
		name, _, hasValue := strings.Cut(name, "=")
		if f := l.find(func(f flag) bool { return f.name == name }); f != nil {
			l.given = append(l.given, f.name)
			if f.value != "" && !hasValue {
				l.pending = f
			}
		}
		return
	}
	for i := 1; i < len(word); i++ {
		f := l.find(func(f flag) bool { return f.short == word[i:i+1] })
		if f == nil {
			return
		}
		l.given = append(l.given, f.name)
		if f.value != "" {
			if i == len(word)-1 {
				l.pending = f
			}
			return
		}
	}
}

// attached returns the flag and its value if word has both: --flag=VALUE, -fVALUE.
func (l *line) attached(word string) (f flag, value string, ok bool) {
	name, isLong := strings.CutPrefix(word, "--")
	if isLong {
		name, value, ok = strings.Cut(name, "=")
		if found := l.find(func(f flag) bool { return f.name == name }); ok && found != nil && found.value != "" {
			return *found, value, true
		}
		return f, "", ok // --lazy=, whose value is not completed
	}
	if !strings.HasPrefix(word, "-") {
		return f, "", false
	}
	for i := 1; i < len(word); i++ {
		found := l.find(func(f flag) bool { return f.short == word[i:i+1] })
		if found == nil {
			break
		}
		if found.value != "" && i+1 < len(word) {
			return *found, word[i+1:], true
		}
	}
	return f, "", false
}

func (l *line) find(is func(flag) bool) *flag {
	if i := slices.IndexFunc(l.flags, is); i >= 0 {
		return &l.flags[i]
	}
	return nil
}
