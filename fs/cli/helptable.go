package cli

import (
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// helpTable is a standard output to give to commands along with --help: they
// put their synopsis and flags into it instead of printing them. So completions
// and the manual page are made from the very flag sets that are parsed.
type helpTable struct{ commands []commandHelp }

// Write takes nothing: a command that prints its help some other way is not in
// the table.
func (*helpTable) Write(p []byte) (int, error) { return len(p), nil }

func (t *helpTable) add(synopsis string, f *pflag.FlagSet) {
	c := commandHelp{name: f.Name()}
	c.usage, c.text, _ = strings.Cut(synopsis, "\n\n")
	if m := regexp.MustCompile(`(?m)^  dgenfs \[?` + c.name + `\b.*  (\S.*)$`).FindStringSubmatch(usage); m != nil {
		c.summary = m[1]
	}
	f.VisitAll(func(flag *pflag.Flag) { c.flags = append(c.flags, newFlagHelp(flag)) })
	t.commands = append(t.commands, c)
}

// commandHelp is what --help of a command says.
type commandHelp struct {
	name    string
	usage   string // dgenfs NAME [flags] OPERAND...
	text    string
	summary string // its line in the usage of the program
	flags   []flagHelp
}

// choices is the annotation of a flag that lists its values, where they are too
// many for a column of --help.
const choices = "choices"

// flagHelp is a flag.
type flagHelp struct {
	name, short string // without dashes; short may be empty
	value       string // what the value is called; empty if there is none
	text        string
	byDefault   string // empty if the text says it, or it is nothing
	repeated    bool   // may be given more than once
}

func newFlagHelp(f *pflag.Flag) flagHelp {
	h := flagHelp{name: f.Name, short: f.Shorthand, byDefault: f.DefValue}
	h.value, h.text = pflag.UnquoteUsage(f)
	if f.NoOptDefVal != "" {
		h.value = ""
	}
	if all := f.Annotations[choices]; all != nil {
		h.value = strings.Join(all, "|")
	}
	if slices.Contains([]string{"", "false", "0", "[]"}, f.DefValue) || strings.Contains(h.text, "(default") {
		h.byDefault = ""
	}
	h.repeated = slices.Contains([]string{"stringArray", "options"}, f.Value.Type())
	return h
}

// helpOfCommands returns the help of all commands: mount first, as it is the
// default, and the others by name.
func helpOfCommands() []commandHelp {
	var t helpTable
	all := commands()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		all[name]([]string{"--help"}, &t, io.Discard)
	}
	isMount := func(c commandHelp) bool { return c.name == "mount" }
	if i := slices.IndexFunc(t.commands, isMount); i > 0 {
		mount := t.commands[i]
		t.commands = slices.Insert(slices.Delete(t.commands, i, i+1), 0, mount)
	}
	return t.commands
}

// specKeys are the keys of a SPEC, and what the manual says about them.
var specKeys = []struct{ key, value, text string }{
	{"seed", "N", "One of 2^64 unrelated streams, decimal or 0x and hexadecimal. By default, made from the mount's seed and the file's path."},
	{"dedup", "R", "Of N units, round(N/R) are distinct, spread over the file; any ratio from 1, which is the default."},
	{"unit", "SIZE", "What deduplication repeats: a multiple of 4K up to 1G; 128K by default."},
	{"skew", "N", "From 0, all units are repeated about equally often, to 8, some of them far more often than others; 0 by default."},
	{"scope", "file|group", "With group, all files of one --file deduplicate together, also those smaller than a unit, which then repeat whole; file by default."},
	{"group", "NofM", "The place that scope=group comes to for one file: its units are those from number N on, counted from 0, of the M of its group. It is in specs that the program writes, such as the attribute user.dgenfs.spec."},
	{"compress", "R", "Every block of 4 KiB or more compresses by this ratio, 1 to 100; 1 by default."},
	{"generation", "N", "Which of the generations of a file that changes, 0 to 4095; that of --generation by default."},
	{"change", "P%", "The share of its distinct units that each generation replaces, in turn; that of --change by default."},
	{"phase", "N", "Billionths of a unit to be replaced that there are from the start, so that of many small files some change in each generation; made from the file's place among those of its --file by default."},
	{"rate", "SIZE", "Bytes a second that all readers of the file get together through a mount; no limit by default."},
	{"latency", "TIME", "Through a mount, no read request is answered earlier than this after it came, a number and us, ms or s, up to 3600s; requests in flight wait side by side."},
	{"fail", "ERR@OFFSET+LENGTH|ERR:P%", "Through a mount, reads fail that touch this range, or any of this share of the file's cells of 4 KiB, from 0.0000001% on, the same ones every time. ERR is eio, enodata, eremoteio, etimedout, enolink, enxio, ebadmsg or estale."},
}
