package format

import "encoding/binary"

// HDF5 as h5py 3 writes it by default (libver earliest: superblock version 0, object
// headers of version 1), with two contiguous datasets: records, the array, and
// labels, one int64 of 0. Newer readers of DLIO know the first one as records_0, so
// that is a link to it. HDF5 File Format Specification, version 3.0.

// Where h5py puts things.
const (
	hdf5Root    = 0x60  // object header of the root group
	hdf5Tree    = 0x88  // its B-tree
	hdf5Heap    = 0x2a8 // its local heap
	hdf5Names   = 0x2c8 // the names in that
	hdf5Records = 0x320 // object header
	hdf5Symbols = 0x430 // the symbol table node
	hdf5Labels  = 0x578 // object header
	hdf5Data    = 0x800

	hdf5Header = 256 // messages of a dataset's object header
)

const undefined = ^uint64(0)

// fields appends numbers in little-endian.
type fields []byte

func (b *fields) u8(values ...uint8) { *b = append(*b, values...) }
func (b *fields) u16(v uint16)       { *b = binary.LittleEndian.AppendUint16(*b, v) }
func (b *fields) u32(v uint32)       { *b = binary.LittleEndian.AppendUint32(*b, v) }
func (b *fields) text(s string)      { *b = append(*b, s...) }
func (b *fields) u64(values ...uint64) {
	for _, v := range values {
		*b = binary.LittleEndian.AppendUint64(*b, v)
	}
}

// to appends zeros up to an offset.
func (b *fields) to(off int) { *b = append(*b, make([]byte, off-len(*b))...) }

func hdf5Prefix(t DType, s Shape, payload, size int64) []byte {
	var b fields
	b.text("\x89HDF\r\n\x1a\n")
	b.u8(0, 0, 0, 0, 0, 8, 8, 0) // versions; offsets and lengths of 8 bytes
	b.u16(4)                     // half the entries of a symbol table node
	b.u16(16)                    // half those of a B-tree's
	b.u32(0)
	b.u64(0, undefined, uint64(size), undefined) // base, free space, end, driver
	b.u64(0, hdf5Root, 1, hdf5Tree, hdf5Heap)    // root: name, header, cached, what of

	b.to(hdf5Root)
	hdf5ObjectHeader(&b, 1, 1, 24)
	hdf5Message(&b, 0x11, 16, 0)
	b.u64(hdf5Tree, hdf5Heap)

	b.to(hdf5Tree)
	b.text("TREE")
	b.u8(0, 0)
	b.u16(1)
	b.u64(undefined, undefined, 0, hdf5Symbols, 24) // from the empty name to records_0

	b.to(hdf5Heap)
	b.text("HEAP")
	b.u32(0)
	b.u64(hdf5Records-hdf5Names, 40, hdf5Names) // length, first free, where
	b.u64(0)
	b.text("records\x00labels\x00\x00records_0")
	b.to(hdf5Names + 40)
	b.u64(1, 48) // last free block

	b.to(hdf5Records)
	hdf5Dataset(&b, 2, t, s, hdf5Data, payload)

	b.to(hdf5Symbols)
	b.text("SNOD")
	b.u8(1, 0)
	b.u16(3)
	b.u64(16, hdf5Labels, 0, 0, 0)
	b.u64(8, hdf5Records, 0, 0, 0)
	b.u64(24, hdf5Records, 0, 0, 0)

	b.to(hdf5Labels)
	hdf5Dataset(&b, 1, Int64, vector(1), hdf5Data+payload, 8)
	b.to(hdf5Data)
	return b
}

func hdf5ObjectHeader(b *fields, messages uint16, links, length uint32) {
	b.u8(1, 0)
	b.u16(messages)
	b.u32(links)
	b.u32(length)
	b.u32(0)
}

func hdf5Message(b *fields, kind, length uint16, flags uint8) {
	b.u16(kind)
	b.u16(length)
	b.u8(flags, 0, 0, 0)
}

func hdf5Dataset(b *fields, links uint32, t DType, s Shape, address, length int64) {
	hdf5ObjectHeader(b, 5, links, hdf5Header)
	end := len(*b) + hdf5Header

	hdf5Message(b, 1, uint16(8+16*s.n), 0) // dataspace
	b.u8(1, uint8(s.n), 1, 0)
	b.u32(0)
	for range 2 { // lengths, and how far they may grow
		for _, d := range s.Dims() {
			b.u64(uint64(d))
		}
	}

	bits := uint16(8 * t.Width())
	const constant = 1
	if t.isFloat() {
		exponent := map[DType]uint8{Float16: 5, Float32: 8, Float64: 11}[t]
		mantissa := uint8(bits) - 1 - exponent
		hdf5Message(b, 3, 24, constant)
		b.u8(0x11, 0x20, uint8(bits-1), 0) // where the sign is
		b.u32(uint32(t.Width()))
		b.u16(0)
		b.u16(bits)
		b.u8(mantissa, exponent, 0, mantissa)
		b.u32(1<<(exponent-1) - 1)
		b.u32(0)
	} else {
		signed := map[DType]uint8{Int8: 8, Int16: 8, Int32: 8, Int64: 8}[t]
		hdf5Message(b, 3, 16, constant)
		b.u8(0x10, signed, 0, 0)
		b.u32(uint32(t.Width()))
		b.u16(0)
		b.u16(bits)
		b.u32(0)
	}

	hdf5Message(b, 5, 8, constant) // fill value: none
	b.u8(2, 2, 2, 1, 0, 0, 0, 0)

	hdf5Message(b, 8, 24, 0) // layout: contiguous
	b.u8(3, 1)
	b.u64(uint64(address), uint64(length))
	b.u8(0, 0, 0, 0, 0, 0)

	hdf5Message(b, 0, uint16(end-len(*b)-8), 0)
	b.to(end)
}

func planHDF5(d Description) (*File, error) {
	if err := d.checkNumpy(); err != nil {
		return nil, err
	}
	const overhead = hdf5Data + 8
	shape, payload, err := d.array(func(Shape) int64 { return overhead })
	if err != nil {
		return nil, err
	}
	size := payload + overhead
	return &File{size: size, payload: payload, mask: d.floats(), layout: func() layout {
		var l pieces
		l.bytes(hdf5Prefix(d.DType, shape, payload, size))
		l.data(0, payload)
		l.zeros(8)
		return l
	}}, nil
}
