package help

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// flag is what is said about a flag. Two that are equal are the same flag, of
// several commands.
type flag struct {
	name, short string // without dashes; short may be empty
	value       string // what the value is called; empty if there is none
	text        string // in one line
	kind        Kind   // of the value
	choices     string // values, with | between them; empty if there are others
	repeated    bool   // may be given more than once
}

// helpFlag is understood by every command, though it is in no flag set.
var helpFlag = flag{name: "help", short: "h", text: "print this help"}

// flags returns the flags of a command that people are told about, --help last.
func (c Command) flags() []flag {
	var flags []flag
	if c.Flags != nil {
		c.Flags.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				flags = append(flags, newFlag(f))
			}
		})
	}
	return append(flags, helpFlag)
}

func newFlag(p *pflag.Flag) flag {
	f := flag{name: p.Name, short: p.Shorthand, kind: Kind(p.Value.Type())}
	f.value, f.text = pflag.UnquoteUsage(p)
	quoted := strings.Count(p.Usage, "`") > 1
	f.text = strings.Join(strings.Fields(f.text), " ")
	if c, ok := p.Value.(interface{ Choices() []string }); ok {
		f.choices = strings.Join(c.Choices(), "|")
		switch {
		case !quoted:
			f.value = f.choices
		case f.value != f.choices:
			f.text += fmt.Sprintf("; %s is %s", f.value, OrList(c.Choices()))
		}
	} else if !quoted {
		f.value = cmp.Or(strings.ToUpper(f.value), "VALUE")
	}
	if p.NoOptDefVal != "" {
		f.value = ""
	}
	nothing := []string{"", "false", "0", "[]"}
	if !slices.Contains(nothing, p.DefValue) && !strings.Contains(f.text, "(default") {
		f.text += " (default: " + p.DefValue + ")"
	}
	_, isSlice := p.Value.(pflag.SliceValue)
	f.repeated = isSlice || f.kind == Options || f.kind == "stringArray"
	return f
}

// OrList returns "a, b or c".
func OrList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// names returns the flag as it is typed.
func (f flag) names() []string {
	if f.short == "" {
		return []string{"--" + f.name}
	}
	return []string{"-" + f.short, "--" + f.name}
}

// option returns the flag as it is written after -o.
func (f flag) option() string { return strings.ReplaceAll(f.name, "-", "_") }

// brief is the beginning of the text, for a line beside others.
func (f flag) brief() string {
	text := f.text
	for _, end := range []string{"; ", ": ", ". ", " ("} {
		text, _, _ = strings.Cut(text, end)
	}
	if strings.HasSuffix(text, "...") {
		return text
	}
	return strings.TrimSuffix(text, ".")
}
