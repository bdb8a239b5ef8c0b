package format

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// TFRecord files: of each record the length as u64, a masked CRC-32C of that, the
// record, and a masked CRC-32C of it. A record is a serialized tf.train.Example
// with the features image, bytes, and size, how many those are, as DLIO's generator
// writes it.

const (
	tfFrame   = 8 + 4 + 4     // bytes of a record that are not its own
	tfLargest = math.MaxInt32 // length of a protocol buffer that all readers take

	// tfWhole is the length of a payload, in bytes, up to which its CRC is computed
	// from all of it. The cells of larger ones are neutral.
	tfWhole = 64 << 10
)

func maskedCRC(register uint32) uint32 {
	return bits.RotateLeft32(^register, -15) + 0xa282ead8
}

// tfRecords is a layout of equal records.
type tfRecords struct {
	payload int64  // of a record
	before  []byte // of its payload: length, CRC, the Example's start
	after   []byte // of its payload, in the Example
	large   bool
}

func newTFRecords(payload int64) *tfRecords {
	field := func(number byte, content []byte) []byte { // of type LEN
		b := binary.AppendUvarint([]byte{number<<3 | 2}, uint64(len(content)))
		return append(b, content...)
	}
	// From the inside to the outside, each level begins with its length.
	front := []byte{}
	length := uint64(payload)
	wrap := func(number byte, name string) {
		b := []byte(name)
		b = append(b, number<<3|2)
		b = binary.AppendUvarint(b, length)
		front = append(b, front...)
		length = uint64(payload) + uint64(len(front))
	}
	wrap(1, "")                                                    // BytesList.value
	wrap(1, "")                                                    // Feature.bytes_list
	wrap(2, string(field(1, []byte("image"))))                     // FeatureEntry.key and value
	wrap(1, "")                                                    // Features.feature
	number := field(1, binary.AppendUvarint(nil, uint64(payload))) // Int64List.value
	entry := append(field(1, []byte("size")), field(2, field(3, number))...)
	after := field(1, entry)
	length += uint64(len(after))
	wrap(1, "") // Example.features
	total := uint64(len(front)) + uint64(payload) + uint64(len(after))
	before := binary.LittleEndian.AppendUint64(nil, total)
	before = binary.LittleEndian.AppendUint32(before, maskedCRC(castagnoli().update(start, before)))
	return &tfRecords{payload: payload, before: append(before, front...), after: after, large: payload > tfWhole}
}

// size returns the length of a record with all that belongs to it.
func (l *tfRecords) size() int64 {
	return int64(len(l.before)) + l.payload + int64(len(l.after)) + 4
}

// RecordSize returns the bytes of a tfrecord file of one record whose payload has so
// many, 1 to 2147483583.
func RecordSize(payload int64) int64 {
	// What newTFRecords writes, without writing it: names, and lengths of fields.
	varint := func(n int64) int64 { return int64(bits.Len64(uint64(n))+6) / 7 }
	const image, name, field = int64(len("image")) + 2, int64(len("size")) + 2, 2
	after := field + name + field + field + field + varint(payload)
	front := int64(0)
	for _, before := range []int64{0, 0, image, 0} {
		front += before + 1 + varint(payload+front)
	}
	front += 1 + varint(payload+front+after)
	return 8 + 4 + front + payload + after + 4
}

// crc appends the CRC of the record whose payload begins at an offset.
func (l *tfRecords) crc(b []byte, payload int64, w *work) ([]byte, error) {
	c := castagnoli()
	register := c.update(start, l.before[12:])
	register, err := w.sum(c, register, payload, payload+l.payload)
	return binary.LittleEndian.AppendUint32(b, maskedCRC(c.update(register, l.after))), err
}

func (l *tfRecords) piece(off int64, w *work) (p piece, err error) {
	record := off / l.size()
	first := record * l.size()
	data := first + int64(len(l.before))
	switch behind := data + l.payload; {
	case off < data:
		return piece{start: first, end: data, bytes: l.before}, nil
	case off < behind:
		return piece{start: data, end: behind, payload: record * l.payload}, nil
	default:
		w.text, err = l.crc(append(w.text[:0], l.after...), record*l.payload, w)
		return piece{start: behind, end: first + l.size(), bytes: w.text}, err
	}
}

// fill generates the payload of all small records that p has a part of in one piece,
// at p's end, and takes each to its place: what is generated record by record would
// be generated twice, as cells are the smallest piece.
func (l *tfRecords) fill(p []byte, off int64, w *work) error {
	if l.large || int64(len(p)) < 2*l.size() {
		return fillPieces(l, p, off, w)
	}
	from, to := l.payloadAt(off), l.payloadAt(off+int64(len(p)))
	rest := p[int64(len(p))-(to-from):]
	if err := w.read(rest, from, nil); err != nil {
		return err
	}
	c := castagnoli()
	for len(p) > 0 {
		within := off % l.size()
		if within == 0 && int64(len(p)) >= l.size() {
			// A whole record: its CRC comes from what is in p.
			record := p[:l.size()]
			n := copy(record, l.before)
			n += copy(record[n:], rest[:l.payload])
			rest = rest[l.payload:]
			n += copy(record[n:], l.after)
			crc := c.update(start, record[12:n])
			binary.LittleEndian.PutUint32(record[n:], maskedCRC(crc))
			p, off = p[len(record):], off+int64(len(record))
			continue
		}
		piece, err := l.piece(off, w)
		if err != nil {
			return err
		}
		n := int(min(int64(len(p)), piece.end-off))
		if piece.bytes != nil {
			copy(p[:n], piece.bytes[off-piece.start:])
		} else {
			copy(p[:n], rest[:n])
			rest = rest[n:]
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// payloadAt returns how many bytes of payload are before an offset.
func (l *tfRecords) payloadAt(off int64) int64 {
	record, within := off/l.size(), off%l.size()
	return record*l.payload + min(max(within-int64(len(l.before)), 0), l.payload)
}

func planTFRecord(d Description) (*File, error) {
	payload := d.Record
	count := int64(1)
	var err error
	if payload == 0 {
		if payload, err = fit(d.Format, d.Size, 1, tfLargest-64, RecordSize); err != nil {
			if d.Size > tfLargest {
				return nil, &KeyError{Key: "record", Reason: "a tfrecord of more than 2G needs it, as a record has at most 2147483583 bytes"}
			}
			return nil, err
		}
	} else {
		if payload > tfLargest-64 {
			return nil, &KeyError{Key: "record", Value: d.value("record"), Reason: "a record has at most 2147483583 bytes"}
		}
		size := RecordSize(payload)
		count, err = fit("tfrecord of records of "+d.value("record"), d.Size, 1, max(1, d.Size/size+1), func(n int64) int64 { return times(n, size) })
		if err != nil {
			return nil, err
		}
	}
	l := newTFRecords(payload)
	f := &File{size: count * l.size(), payload: count * payload, layout: func() layout { return l }}
	if l.large {
		f.neutral = castagnoli
	}
	return f, nil
}
