package help

import (
	"io"
	"strings"
)

// CompleteLine is Complete for bash: line is the command line up to the cursor as it
// was typed, with the program's name, quotes and all. bash takes a word for ended at
// each of breaks, its variable COMP_WORDBREAKS, and replaces what comes after them;
// so candidates are only that part here. They have no descriptions, and are quoted
// as the line has it. A program's arguments are completed as files are; ":program" is
// for its name alone.
func (c Completer) CompleteLine(w io.Writer, line, breaks string) error {
	l := splitLine(line, breaks)
	if l.redirected {
		_, err := io.WriteString(w, ":files\n")
		return err
	}
	if len(l.words) < 2 {
		return nil // the program's name, which bash completes
	}
	words := l.words[1:]
	a := c.answer(words)
	var b strings.Builder
	for _, candidate := range a.candidates {
		word := candidate.word[min(l.kept, len(candidate.word)):]
		if l.quote == 0 {
			word = quoteBash(word)
		}
		if word != "" {
			b.WriteString(word + "\n")
		}
	}
	if a.noSpace && a.more == "" {
		b.WriteString(":nospace\n")
	}
	switch {
	case a.more == Program && a.program == len(words):
		b.WriteString(":program\n")
	case a.more == File || a.more == Program:
		b.WriteString(":files\n")
	case a.more == Directory:
		b.WriteString(":directories\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// bashLine is a command line as bash takes it apart.
type bashLine struct {
	words      []string // without quotes
	kept       int      // bytes of the last word before what bash completes
	quote      byte     // that is open at the end, or 0
	redirected bool     // the last word is the file of a redirection
}

// splitLine takes a command line apart. Nothing is expanded.
func splitLine(line, breaks string) bashLine {
	var l bashLine
	var word strings.Builder
	inWord, keptBefore := false, 0
	end := func() {
		if inWord && !l.redirected {
			l.words = append(l.words, word.String())
		}
		if inWord {
			l.redirected = false
		}
		word.Reset()
		inWord, l.kept = false, 0
	}
	for i := 0; i < len(line); i++ {
		b := line[i]
		switch {
		case l.quote != 0 && b == l.quote:
			l.quote, l.kept = 0, keptBefore
		case b == '\\' && l.quote != '\'' && i+1 < len(line):
			i++
			if l.quote == '"' && !strings.ContainsRune("\"\\$`", rune(line[i])) {
				word.WriteByte('\\')
			}
			word.WriteByte(line[i])
			inWord = true
		case l.quote != 0:
			word.WriteByte(b)
		case b == '\'' || b == '"':
			l.quote, inWord = b, true
			l.kept, keptBefore = word.Len(), l.kept
		case b == ' ' || b == '\t' || b == '\n':
			end()
		case b == '<' || b == '>':
			if strings.Trim(word.String(), "0123456789") != "" {
				end()
			}
			word.Reset() // the number of a descriptor
			inWord = false
			l.redirected = true
		default:
			word.WriteByte(b)
			inWord = true
			if strings.IndexByte(breaks, b) >= 0 {
				l.kept = word.Len()
				if b == '@' {
					l.kept-- // readline replaces it, to complete hosts
				}
			}
		}
	}
	if !l.redirected {
		l.words = append(l.words, word.String())
	}
	return l
}

// quoteBash puts a backslash before each character that bash takes for something
// else.
func quoteBash(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		if strings.IndexByte(" \t\\'\"`$&|;()<>*?[]{}!#", word[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(word[i])
	}
	return b.String()
}
