package format

import (
	"encoding/binary"
	"math"
)

// Zip files, APPNOTE.TXT 6.3.10 of PKWARE, as the zipfile module of Python writes
// them with force_zip64, which is what numpy does: stored, with a zip64 extra field
// in every local header.

const (
	zipVersion   = 20
	zipVersion64 = 45
	zipLimit     = 1<<31 - 1 // above it, Python writes sizes and offsets in 64 bits
	zipEntries   = 1<<16 - 1
	zipDate      = 1<<5 | 1 // 1980-01-01, the first that there is

	zipLocalFixed   = 30
	zipLocalExtra   = 20
	zipCentralFixed = 46
	zipEnd          = 22
	zipEnd64        = 56
	zipLocator      = 20
)

// zipEntry is a file in a zip file.
type zipEntry struct {
	name  []byte
	size  int64
	start int64  // of its local header
	extra []byte // behind the zip64 field
	crc   uint32
}

func (e *zipEntry) localLen() int64 {
	return zipLocalFixed + int64(len(e.name)) + zipLocalExtra + int64(len(e.extra))
}

func (e *zipEntry) appendLocal(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, 0x04034b50)
	b = le.AppendUint16(b, zipVersionFor(e.size > zipLimit))
	b = le.AppendUint16(b, 0) // flags
	b = le.AppendUint16(b, 0) // stored
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, zipDate)
	b = le.AppendUint32(b, e.crc)
	b = le.AppendUint32(b, clip(e.size))
	b = le.AppendUint32(b, clip(e.size))
	b = le.AppendUint16(b, uint16(len(e.name)))
	b = le.AppendUint16(b, uint16(zipLocalExtra+len(e.extra)))
	b = append(b, e.name...)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, 16)
	b = le.AppendUint64(b, uint64(e.size))
	b = le.AppendUint64(b, uint64(e.size))
	return append(b, e.extra...)
}

func zipVersionFor(wide bool) uint16 {
	if wide {
		return zipVersion64
	}
	return zipVersion
}

func (e *zipEntry) centralLen() int64 {
	n := zipCentralFixed + int64(len(e.name))
	if wide := e.wide(); wide > 0 {
		n += 4 + int64(wide)
	}
	return n
}

// wide returns how many bytes what does not fit into 32 bits takes in a central
// entry.
func (e *zipEntry) wide() (n int) {
	if e.size > zipLimit {
		n += 16
	}
	if e.start > zipLimit {
		n += 8
	}
	return n
}

func (e *zipEntry) appendCentral(b []byte) []byte {
	le := binary.LittleEndian
	wide := e.wide()
	version := zipVersionFor(wide > 0)
	b = le.AppendUint32(b, 0x02014b50)
	b = append(b, byte(version), 3) // made by: Unix
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, zipDate)
	b = le.AppendUint32(b, e.crc)
	b = le.AppendUint32(b, clip(e.size))
	b = le.AppendUint32(b, clip(e.size))
	b = le.AppendUint16(b, uint16(len(e.name)))
	if wide > 0 {
		b = le.AppendUint16(b, uint16(4+wide))
	} else {
		b = le.AppendUint16(b, 0)
	}
	b = le.AppendUint16(b, 0)         // comment
	b = le.AppendUint16(b, 0)         // disk
	b = le.AppendUint16(b, 0)         // internal attributes
	b = le.AppendUint32(b, 0o600<<16) // mode
	b = le.AppendUint32(b, clip(e.start))
	b = append(b, e.name...)
	if wide > 0 {
		b = le.AppendUint16(b, 1)
		b = le.AppendUint16(b, uint16(wide))
	}
	if e.size > zipLimit {
		b = le.AppendUint64(b, uint64(e.size))
		b = le.AppendUint64(b, uint64(e.size))
	}
	if e.start > zipLimit {
		b = le.AppendUint64(b, uint64(e.start))
	}
	return b
}

func clip(n int64) uint32 {
	if n > zipLimit {
		return math.MaxUint32
	}
	return uint32(n)
}

// zipTailLen returns the length of what is behind the central directory.
func zipTailLen(entries, start, size int64) int64 {
	if entries > zipEntries || start > zipLimit || size > zipLimit {
		return zipEnd64 + zipLocator + zipEnd
	}
	return zipEnd
}

// appendZipTail appends what is behind the central directory of so many entries,
// which has an offset and a size.
func appendZipTail(b []byte, entries, start, size int64) []byte {
	le := binary.LittleEndian
	if zipTailLen(entries, start, size) > zipEnd {
		b = le.AppendUint32(b, 0x06064b50)
		b = le.AppendUint64(b, zipEnd64-12)
		b = le.AppendUint16(b, zipVersion64)
		b = le.AppendUint16(b, zipVersion64)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(entries))
		b = le.AppendUint64(b, uint64(entries))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(start))
		b = le.AppendUint32(b, 0x07064b50)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, uint64(start+size))
		b = le.AppendUint32(b, 1)
		entries, start, size = min(entries, zipEntries), min(start, math.MaxUint32), min(size, math.MaxUint32)
	}
	b = le.AppendUint32(b, 0x06054b50)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint16(b, uint16(entries))
	b = le.AppendUint16(b, uint16(entries))
	b = le.AppendUint32(b, uint32(size))
	b = le.AppendUint32(b, uint32(start))
	return le.AppendUint16(b, 0)
}

// zipFile is a zip file of few entries whose contents are known as pieces.
type zipFile struct {
	entries  []zipEntry
	contents []pieces
	align    int64 // of contents; 0 for none
}

// add appends a file.
func (z *zipFile) add(name string, content pieces) {
	z.entries = append(z.entries, zipEntry{name: []byte(name), size: content.size()})
	z.contents = append(z.contents, content)
}

// layout returns where all is.
func (z *zipFile) layout() pieces {
	var l pieces
	for i := range z.entries {
		e := &z.entries[i]
		e.start = l.size()
		if z.align > 0 {
			e.extra = zipPadding(e.start+e.localLen(), z.align)
		}
		content := z.contents[i]
		summed := layout(content)
		l.made(e.localLen(), func(w *work) error {
			crc, err := sumLayout(summed, ieee(), start, 0, e.size, w)
			made := *e
			made.crc = ^crc
			w.text = made.appendLocal(w.text[:0])
			return err
		})
		for _, p := range content {
			l.add(p, p.end-p.start)
		}
	}
	directory := l.size()
	for i := range z.entries {
		e, summed := &z.entries[i], layout(z.contents[i])
		l.made(e.centralLen(), func(w *work) error {
			crc, err := sumLayout(summed, ieee(), start, 0, e.size, w)
			made := *e
			made.crc = ^crc
			w.text = made.appendCentral(w.text[:0])
			return err
		})
	}
	l.bytes(appendZipTail(nil, int64(len(z.entries)), directory, l.size()-directory))
	return l
}

// zipPadding returns an extra field that takes contents which would begin at off to
// a multiple of align.
func zipPadding(off, align int64) []byte {
	const header = 4
	n := (align - (off+header)%align) % align
	b := []byte{'F', 'B', byte(n), byte(n >> 8)}
	for range n {
		b = append(b, 'Z')
	}
	return b
}

// planNPZ plans what numpy.savez(file, x=array, y=labels) writes, one label of 0:
// one sample of a data set as DLIO makes it.
func planNPZ(d Description) (*File, error) {
	if err := d.checkNumpy(); err != nil {
		return nil, err
	}
	contents := func(s Shape) *zipFile {
		z := new(zipFile)
		var x, y pieces
		x.bytes(npyHeader(d.DType, s))
		x.data(0, s.Elements()*d.DType.Width())
		y.bytes(append(npyHeader(Int64, vector(1)), make([]byte, 8)...))
		z.add("x.npy", x)
		z.add("y.npy", y)
		return z
	}
	return d.planZip(contents)
}

// planZip plans a zip file that holds an array.
func (d *Description) planZip(contents func(s Shape) *zipFile) (*File, error) {
	overhead := func(s Shape) int64 {
		payload := times(s.Elements(), d.DType.Width())
		if payload > math.MaxInt64-1<<20 {
			return math.MaxInt64
		}
		return contents(s).layout().size() - payload
	}
	shape, payload, err := d.array(overhead)
	if err != nil {
		return nil, err
	}
	return &File{size: payload + overhead(shape), payload: payload, mask: d.floats(), neutral: ieee, layout: func() layout {
		return contents(shape).layout()
	}}, nil
}
