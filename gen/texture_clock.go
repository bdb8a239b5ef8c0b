package gen

import "encoding/binary"

// bytesPerSecond is how fast a log grows.
const bytesPerSecond = 100

const (
	timeLength = len("2000-01-01 00:00:00 ")

	// cellSeconds is how many seconds the bytes of a cell may belong to.
	cellSeconds = (Cell+bytesPerSecond-2)/bytesPerSecond + 1
)

// clock has the times of a cell's lines, one for every second, each followed by bytes
// that nobody looks at so that it can be copied as a chunk.
type clock struct {
	times [cellSeconds][chunk]byte
	begin int // bytes of the first second before the cell
}

// set writes the times of the cell of contents q.
func (c *clock) set(q uint64) {
	begin := q % (1 << 40) * Cell
	second := begin / bytesPerSecond
	c.begin = int(begin % bytesPerSecond)
	var text [chunk]byte
	for i, of := 0, uint64(60); i < len(c.times); i++ {
		if of == 60 {
			text = timeText(second)
			of = second % 60
		}
		t := &c.times[i]
		binary.NativeEndian.PutUint64(t[0:8], binary.NativeEndian.Uint64(text[0:8]))
		binary.NativeEndian.PutUint64(t[8:16], binary.NativeEndian.Uint64(text[8:16]))
		binary.LittleEndian.PutUint64(t[16:24], ':'|('0'+of/10)<<8|('0'+of%10)<<16|' '<<24)
		second++
		of++
	}
}

// at returns the time at which byte pos of the cell was logged.
func (c *clock) at(pos int) *[chunk]byte { return &c.times[(c.begin+pos)/bytesPerSecond] }

const daySeconds = 24 * 60 * 60

// timeText returns a time so many seconds after 2000-01-01.
func timeText(seconds uint64) (text [chunk]byte) {
	copy(text[:], "0000-00-00 00:00:00 ")
	year, month, day := date(seconds / daySeconds)
	digits(text[0:], year/100)
	digits(text[2:], year%100)
	digits(text[5:], month)
	digits(text[8:], day)
	t := int(seconds % daySeconds)
	digits(text[11:], t/3600)
	digits(text[14:], t/60%60)
	digits(text[17:], t%60)
	return text
}

// digits writes two of them.
func digits(p []byte, n int) {
	p[1] = byte('0' + n%10)
	p[0] = byte('0' + n/10)
}

// date returns the date so many days after 2000-01-01, up to the year 9999, in the Gregorian
// calendar. Years begin in March here, and the fourth of everything is the longest.
func date(days uint64) (year, month, day int) {
	const fourYears, century, fourCenturies = 1461, 36524, 146097
	n := int(days%(20*fourCenturies)) + fourCenturies - 60 // since 1600-03-01
	year = 1600 + n/fourCenturies*400
	n %= fourCenturies
	c := min(n/century, 3)
	n -= c * century
	year += 100*c + n/fourYears*4
	n %= fourYears
	y := min(n/365, 3)
	n -= y * 365
	m := (5*n + 2) / 153
	if year += y; m >= 10 {
		year++
	}
	return year, (m+2)%12 + 1, n - (153*m+2)/5 + 1
}
