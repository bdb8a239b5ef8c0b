package format

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Index files of data files with equal records, as DLIO's generators write them: of a
// tfrecord file a line for each record, with its offset and its length, which
// tfrecord2idx of NVIDIA DALI made first; of a file of plain records two files, of
// their offsets and of their lengths, each a u64 in little-endian. What they say follows
// from the length of a record, so nothing is generated.

// The formats of index files.
const (
	TFIndex = "tfindex"
	Offsets = "offsets"
	Lengths = "lengths"
)

// IndexSize returns the size of the index file of count records with a payload of
// record bytes, or 2^63-1 if that or the last offset would be larger.
func IndexSize(format string, record, count int64) int64 {
	switch {
	case format != TFIndex:
		if count > 0 && times(count-1, record) == math.MaxInt64 {
			return math.MaxInt64
		}
		return times(count, 8)
	case record > tfLargest-64:
		return math.MaxInt64
	}
	return newIndexLines(record).size(count)
}

func planIndex(d Description) (*File, error) {
	if d.Record == 0 {
		return nil, &KeyError{Key: "record", Reason: "format=" + d.Format + " needs it: the length of the records that it is the index of"}
	}
	if d.Format == TFIndex && d.Record > tfLargest-64 {
		return nil, &KeyError{Key: "record", Value: d.value("record"), Reason: "a record has at most 2147483583 bytes"}
	}
	count, err := fit(d.Format+" of records of "+d.value("record"), d.Size, 1, d.Size/4+2, func(n int64) int64 { return IndexSize(d.Format, d.Record, n) })
	if err != nil {
		return nil, err
	}
	var l layout
	switch d.Format {
	case TFIndex:
		l = newIndexLines(d.Record)
	case Offsets:
		l = &indexWords{count, d.Record, d.Record}
	case Lengths:
		l = &indexWords{count, d.Record, 0}
	}
	return &File{size: d.Size, layout: func() layout { return l }}, nil
}

// indexLines is a layout of lines.
type indexLines struct {
	record int64 // bytes of a record with its frame
	fixed  int   // bytes of a line without the offset
}

func newIndexLines(payload int64) *indexLines {
	record := RecordSize(payload)
	return &indexLines{record, len(" \n") + len(strconv.FormatInt(record, 10))}
}

// from returns the first record whose offset has so many digits.
func (l *indexLines) from(digits int) int64 {
	if digits == 1 {
		return 0
	}
	least := int64(math.Pow10(digits - 1)) // exact
	return (least + l.record - 1) / l.record
}

// length returns the length of a line with an offset of so many digits.
func (l *indexLines) length(digits int) int64 {
	return int64(digits + l.fixed)
}

// maxOffset is how many digits an offset has at most.
const maxOffset = 18

// size returns the length of the lines of count records.
func (l *indexLines) size(count int64) (size int64) {
	if count > 0 && times(count-1, l.record) >= int64(math.Pow10(maxOffset)) {
		return math.MaxInt64
	}
	for digits := 1; digits <= maxOffset; digits++ {
		end := count
		if digits < maxOffset {
			end = min(count, l.from(digits+1))
		}
		if lines := end - l.from(digits); lines > 0 {
			size += lines * l.length(digits)
		}
	}
	return size
}

func (l *indexLines) piece(off int64, w *work) (piece, error) {
	start := int64(0) // of the lines with so many digits
	for digits := 1; ; digits++ {
		first, length := l.from(digits), l.length(digits)
		end := int64(math.MaxInt64)
		if digits < maxOffset {
			end = start + (max(first, l.from(digits+1))-first)*length
		}
		if off >= end {
			start = end
			continue
		}
		line := (off - start) / length
		start += line * length
		w.text = strconv.AppendInt(w.text[:0], (first+line)*l.record, 10)
		w.text = strconv.AppendInt(append(w.text, ' '), l.record, 10)
		w.text = append(w.text, '\n')
		return piece{start: start, end: start + length, bytes: w.text}, nil
	}
}

// indexWords is a layout of count u64: first, first+step and so on.
type indexWords struct{ count, record, step int64 }

// indexPiece is how many words are made at a time.
const indexPiece = 512

func (l *indexWords) piece(off int64, w *work) (piece, error) {
	from := off / 8 / indexPiece * indexPiece
	to := min(from+indexPiece, l.count)
	w.text = w.text[:0]
	for i := from; i < to; i++ {
		word := l.record
		if l.step > 0 {
			word = i * l.step
		}
		w.text = binary.LittleEndian.AppendUint64(w.text, uint64(word))
	}
	return piece{start: 8 * from, end: 8 * to, bytes: w.text}, nil
}
