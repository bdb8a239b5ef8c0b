package sum

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Format is how lines look.
type Format struct {
	Tag      bool // SHA256 (NAME) = ..., as BSD has it; allows several algorithms
	Hashdeep bool // a file that hashdeep reads; allows several algorithms, of its own
	Zero     bool // lines end with a NUL, and names are as they are
	Base64   bool // not hexadecimal
}

// hashdeepHas are the algorithms that hashdeep knows.
var hashdeepHas = map[string]bool{"md5": true, "sha1": true, "sha256": true}

// Check returns an error if a format does not go with algorithms.
func (f Format) Check(algorithms []Algorithm) error {
	for i, a := range algorithms {
		for _, other := range algorithms[:i] {
			if a.Name == other.Name {
				return fmt.Errorf("%s is given twice", a.Name)
			}
		}
		if f.Hashdeep && !hashdeepHas[a.Name] {
			return fmt.Errorf("hashdeep has md5, sha1 and sha256, and not %s", a.Name)
		}
	}
	switch {
	case len(algorithms) > 1 && !f.Tag && !f.Hashdeep:
		return errors.New("lines of several algorithms need --tag or --hashdeep, which say which is which")
	case f.Hashdeep && (f.Tag || f.Zero || f.Base64):
		return errors.New("--hashdeep excludes --tag, --zero and --base64, which its format does not have")
	}
	return nil
}

// printer writes what is printed.
type printer struct {
	Options
	w    *bufio.Writer
	line []byte
}

// head writes what comes before the lines of files. See hashdeep(1).
func (p *printer) head() {
	if !p.Format.Hashdeep {
		return
	}
	columns := "size"
	for _, a := range p.Algorithms {
		columns += "," + a.Name
	}
	fmt.Fprintf(p.w, "%%%%%%%% HASHDEEP-1.0\n%%%%%%%% %s,filename\n## dgenfs sum\n##\n", columns)
}

// file writes the lines of a file, or nothing if there is an error.
func (p *printer) file(r *result) error {
	p.line = p.line[:0]
	if p.Format.Hashdeep {
		if strings.ContainsAny(r.file.Name, "\n\r") {
			return errors.New("the format of hashdeep has no names with line breaks")
		}
		p.line = fmt.Append(p.line, r.file.Spec.Size)
		for _, sum := range r.sums {
			p.line = hex.AppendEncode(append(p.line, ','), sum)
		}
		// As hashdeep -l finds it in the directory that it is told to look into.
		p.line = append(append(p.line, ",./"...), r.file.Name...)
		p.line = append(p.line, '\n')
	} else {
		for i, a := range p.Algorithms {
			p.appendLine(a, r.file.Name, r.sums[i])
		}
	}
	p.w.Write(p.line) // it keeps the error
	return nil
}

// appendLine appends a line as the tool of an algorithm writes and reads it.
func (p *printer) appendLine(a Algorithm, name string, sum []byte) {
	if !p.Format.Zero {
		if escaped := a.escape(name); escaped != name {
			p.line = append(p.line, '\\')
			name = escaped
		}
	}
	// xxhsum reads XXH3 in no other form.
	if p.Format.Tag || a.Name == "xxh3" {
		p.line = append(append(append(p.line, a.tag...), " ("...), name...)
		p.line = p.appendSum(append(p.line, ") = "...), a, sum)
	} else {
		p.line = append(append(p.appendSum(p.line, a, sum), "  "...), name...)
	}
	if p.Format.Zero {
		p.line = append(p.line, 0)
	} else {
		p.line = append(p.line, '\n')
	}
}

func (p *printer) appendSum(b []byte, a Algorithm, sum []byte) []byte {
	parts := ""
	if a.Name == "etag" && len(sum) > 16 {
		sum, parts = sum[:16], "-"+string(sum[16:])
	}
	if p.Format.Base64 {
		b = base64.StdEncoding.AppendEncode(b, sum)
	} else {
		b = hex.AppendEncode(b, sum)
	}
	return append(b, parts...)
}

var (
	escapesOfSum    = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	escapesOfBlake3 = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
)

// escape returns a name as the tool of an algorithm writes it: those of coreutils 9 escape
// a carriage return, b3sum does not. xxhsum has no escapes before 0.8.2, and reads names
// with a backslash as they are ever since, so only names that need it have escapes.
func (a Algorithm) escape(name string) string {
	switch {
	case a.Name == "blake3":
		return escapesOfBlake3.Replace(name)
	case strings.HasPrefix(a.Name, "xxh") && !strings.ContainsAny(name, "\n\r"):
		return name
	}
	return escapesOfSum.Replace(name)
}
