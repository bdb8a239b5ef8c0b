package help

import (
	"fmt"
	"io"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
)

// Columns of what is printed.
const (
	textWidth  = 80
	tableWidth = 100
	leftWidth  = 31 // of the left column of a table, at most
)

// Print writes what --help of the command prints, in at most 100 columns, apart
// from examples and words that are longer.
func (c Command) Print(w io.Writer) error {
	var p printer
	fmt.Fprintf(&p, "%s\n\n", c.Usage)
	p.text(c.Text)
	p.WriteString("\nFlags:\n")
	var rows [][2]string
	for _, f := range c.flags() {
		name := strings.Join(f.names(), ", ")
		if f.short == "" {
			name = "    " + name
		}
		if f.value != "" {
			name += " " + f.value
		}
		rows = append(rows, [2]string{name, f.text})
	}
	p.table(rows, leftWidth)
	_, err := io.WriteString(w, p.String())
	return err
}

const (
	programText = `dgenfs mounts a directory of files that do not exist: their bytes are generated while
they are read.
`
	usageExamples = `  dgenfs /mnt/synth
  dd if=/mnt/synth/64G,dedup=3 of=/dev/null bs=1M

  dgenfs --file 'mail/{0..}/{000..}.eml:lognormal:12K:1.4,total=1T' /mnt/mail
  dgenfs --preset home --total 1T /mnt/home
`
)

// exitStatuses are those of all commands.
var exitStatuses = []struct {
	status int
	text   string
}{
	{exit.Done, "done"},
	{exit.Failed, "the work failed"},
	{exit.Usage, "wrong usage"},
}

// Usage writes what --help of the program prints.
func Usage(w io.Writer, commands []Command) error {
	var p printer
	p.text(programText)
	p.WriteString("\nCommands:\n")
	var rows [][2]string
	for _, c := range visible(commands) {
		rows = append(rows, [2]string{c.Usage, c.Summary})
	}
	p.table(rows, 2*leftWidth)
	p.WriteString("\n")
	p.text(specText)
	p.WriteString("\nKeys:\n")
	p.keys(specKeys)
	p.WriteString("\n")
	p.text(treeText)
	p.WriteString("\n")
	p.keys(drawnSizes, treeKeys, linkForms)
	p.WriteString("\n")
	p.text(rootText)
	p.WriteString("\n")
	p.text(usageExamples)
	var statuses []string
	for _, s := range exitStatuses {
		statuses = append(statuses, fmt.Sprintf("%d %s", s.status, s.text))
	}
	fmt.Fprintf(&p, "\nThe flags of a command: dgenfs COMMAND --help\nExit status: %s\n", strings.Join(statuses, ", "))
	_, err := io.WriteString(w, p.String())
	return err
}

// printer writes for a terminal.
type printer struct{ strings.Builder }

// text writes paragraphs with empty lines between them.
func (p *printer) text(text string) {
	for i, paragraph := range paragraphs(text) {
		if i > 0 {
			p.WriteString("\n")
		}
		if strings.HasPrefix(paragraph, "  ") {
			p.WriteString(paragraph + "\n")
			continue
		}
		for _, line := range wrap(paragraph, textWidth) {
			p.WriteString(line + "\n")
		}
	}
}

func (p *printer) keys(lists ...[]key) {
	var rows [][2]string
	for _, list := range lists {
		for _, k := range list {
			rows = append(rows, [2]string{k.String(), k.brief})
		}
	}
	p.table(rows, leftWidth)
}

// table writes rows of two columns. The left one is as wide as it needs to be,
// but not wider than most; a longer entry has a line of its own.
func (p *printer) table(rows [][2]string, most int) {
	left := 0
	for _, row := range rows {
		if n := len(row[0]); n <= most {
			left = max(left, n)
		}
	}
	for _, row := range rows {
		begin := row[0]
		if len(begin) > left {
			fmt.Fprintf(p, "  %s\n", begin)
			begin = ""
		}
		for _, line := range wrap(row[1], tableWidth-left-5) {
			fmt.Fprintf(p, "  %-*s   %s\n", left, begin, line)
			begin = ""
		}
	}
}

// paragraphs splits a text at its empty lines.
func paragraphs(text string) []string {
	return strings.Split(strings.Trim(text, "\n"), "\n\n")
}

// wrap returns the words of text in lines of at most width bytes. A longer word has
// a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range unbroken(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// unbroken returns the words of text. A short flag and its value are one word, and so
// is a default.
func unbroken(text string) []string {
	var words []string
	begun := ""
	for _, word := range strings.Fields(text) {
		if word == "(default:" || len(word) == 2 && word[0] == '-' {
			begun += word + " "
			continue
		}
		words = append(words, begun+word)
		begun = ""
	}
	if begun != "" {
		words = append(words, strings.TrimSpace(begun))
	}
	return words
}
