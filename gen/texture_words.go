package gen

import "strings"

// The words, templates and instructions of this file are part of the stream.

var commonWords = strings.Fields(`
	the of and to in is for that with as be on it by this are not or from an at you if
	can will which has have all when file use used set may one other default option
	name no value only see line user more must any new time been each into than then
	such system its number also these list same does first but was two out data type
	after before between there they their command read write output input`)

var syllables = strings.Fields(`
	al an ar at com con de di dis en er ex form in ing ion is it le ly man ment ment ma
	mo na ne no nt on op or ous pa per po pre pro ra re ri ro sa se si so ss st sub ta
	te ter ti tion to tra tu un ur us ve ver vi a e i o u b c d f g l m p s t ck ch sh
	th gh ke be ho ha wi`)

// vocabulary returns n words, those that are most frequent in English first.
func (b *builder) vocabulary(n int) []string {
	words := append([]string(nil), commonWords...)
	for len(words) < n {
		words = append(words, b.word(2, 4))
	}
	return words
}

// word returns a word of so many syllables.
func (b *builder) word(least, most int) string {
	var s string
	for n := least + b.below(most-least+1); n > 0; n-- {
		s += syllables[b.below(len(syllables))]
	}
	return s
}

// digits returns n of them, for a base up to 16.
func (b *builder) digits(n, base int) string {
	var s string
	for range n {
		s += string("0123456789abcdef"[b.below(base)])
	}
	return s
}

// title returns s with its first letter in upper case, if it is one of ASCII.
func title(s string) string {
	if s[0] < 0x80 {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

var accents = [...][2]string{{"e", "é"}, {"o", "ö"}, {"u", "ü"}, {"a", "ä"}, {"i", "í"}, {"n", "ñ"}}

// text makes sentences of words.
func (b *builder) text() {
	words := b.vocabulary(2048)
	for i := len(commonWords); i < len(words); i++ {
		if b.below(24) == 0 {
			a := accents[b.below(len(accents))]
			words[i] = strings.Replace(words[i], a[0], a[1], 1)
		}
	}
	begins := true
	for !b.full() {
		if b.chance(10) {
			b.repeat(2 + b.below(5))
			continue
		}
		s := words[b.zipf(11)]
		if b.below(40) == 0 {
			s = b.digits(1+b.below(4), 10)
		}
		if begins {
			s, begins = title(s), false
		}
		switch n := b.below(100); {
		case n < 5:
			s += ", "
		case n < 9:
			s, begins = s+". ", true
		case n < 13:
			s, begins = s+".\n", true
		case n < 19:
			s += "\n"
		case n < 21:
			s += ":\n  "
		case n < 22:
			s, begins = s+".\n\n", true
		case n < 24:
			s += "-"
		case n < 25:
			s = "(" + s + ") "
		default:
			s += " "
		}
		b.add(s)
	}
}

// In a template, I is an identifier, W a word, N a number, H a hexadecimal one, A an
// address and P a program. "<" and ">" move lines of code to the left and to the right.

var codeTemplates = strings.Split(`if I != nil {>
if I := I(I); I != nil {>
return I, nil
return nil, I
return I.I(I)
for I := range I {>
for I, I := range I.I {>
I := I(I, I)
I.I(I, I)
I.I = I
I, I := I.I(I)
// W W W W W
// W W W W W W W W
<}
<}
<}
<} else {>
case I:
case I, I:
var I I
func (I *I) I(I I) I {>
func I(I I, I *I) (I, I) {>
type I struct {>
I I
I []I
{I, N, "W W"},
I = append(I, I)
I("W W: %v", I)
I := N
I += N
if I < N || I > N {>
I, "W", I
break

`, "\n")

var codeNames = strings.Fields(`err nil i n x c t p b s f r v d len string int byte
	error true false range append`)

// code makes lines of a program.
func (b *builder) code() {
	words := b.vocabulary(1024)
	names := append([]string(nil), codeNames...)
	for len(names) < 1024 {
		s := b.word(1, 2)
		for b.chance(50) {
			s += title(words[60+b.below(200)])
		}
		if b.chance(33) {
			s = title(s)
		}
		names = append(names, s)
	}
	depth := 1
	for !b.full() {
		if b.chance(8) {
			b.repeatLines(1 + b.below(3))
			continue
		}
		line, left := strings.CutPrefix(codeTemplates[b.below(len(codeTemplates))], "<")
		line, right := strings.CutSuffix(line, ">")
		if left {
			depth = max(depth-1, 0)
		}
		b.add(strings.Repeat("\t", depth))
		if right {
			depth = min(depth+1, 4)
		}
		b.fill(line, " .,()[]*&|!%\"", func(c byte, _ string) string {
			switch c {
			case 'I':
				return names[b.zipf(10)]
			case 'W':
				return words[b.zipf(10)]
			case 'N':
				if b.chance(25) {
					return "0x" + b.digits(2+b.below(4), 16)
				}
				return b.digits(1+b.below(3), 10)
			}
			return ""
		})
	}
}

// fill appends a line from a template, the placeholders, which are capitals that do
// not belong to a word, filled in by name. Atoms end behind a byte of ends.
func (b *builder) fill(template, ends string, name func(c byte, before string) string) {
	var atom string
	for i := range len(template) {
		s := template[i : i+1]
		if alone := (i == 0 || !letter(template[i-1])) && (i+1 == len(template) || !letter(template[i+1])); alone {
			if filled := name(s[0], template[:i]); filled != "" {
				s = filled
			}
		}
		atom += s
		if strings.Contains(ends, s[len(s)-1:]) {
			b.add(atom)
			atom = ""
		}
	}
	b.add(atom + "\n")
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

var logTemplates = strings.Split(`P[N]: W W W I
P[N]: W I W=N W=N
P: W W W I W N W
P[N]: session opened for user I
P[N]: W: connection from A port N
P[N]: I: W W W W N ms
kernel: [N.N] I: W W W H
P[N]: A - "GET /I/I/I.W" 200 N
P[N]: "POST /I/W" 404 N "I"
P: I=H I=H W=N
P[N]: warning: I W W: W not W
P[N]: error: W W I: W W
P[N]: Started I W.
P[N]: W H`, "\n")

// log makes lines without their times.
func (b *builder) log() {
	words := b.vocabulary(512)
	var names []string
	for len(names) < 512 {
		s := b.word(1, 3)
		if b.chance(33) {
			s += "-" + words[b.below(300)]
		}
		if b.chance(20) {
			s += "." + words[b.below(100)]
		}
		names = append(names, s)
	}
	for !b.full() {
		if b.chance(10) {
			b.repeatLines(1)
			continue
		}
		b.fill(logTemplates[b.zipf(4)%len(logTemplates)], " =[/:", func(c byte, _ string) string {
			switch c {
			case 'I':
				return names[b.zipf(9)]
			case 'W':
				return words[b.zipf(9)]
			case 'N':
				return b.digits(1+b.below(5), 10)
			case 'A':
				return "10." + b.digits(1, 10) + "." + b.digits(2, 10) + "." + b.digits(2, 10)
			case 'H':
				return b.digits(8, 16)
			case 'P':
				return names[b.zipf(4)]
			}
			return ""
		})
	}
}
