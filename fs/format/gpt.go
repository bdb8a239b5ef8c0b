package format

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"unicode/utf16"
)

// A raw disk with a GUID partition table (UEFI 2.10, chapter 5) and one partition for
// a Linux file system, from 1 MiB to the end.

const (
	gptSector  = 512
	gptEntries = 128
	gptTable   = gptEntries * 128 / gptSector // sectors
	gptFirst   = 2048                         // sector of the partition
	gptBehind  = gptTable + 1                 // sectors of the second copy
)

// gptCopy returns the header at a sector, and the table, which is at another.
func gptCopy(sectors, at, other, table int64) (header, entries []byte) {
	le := binary.LittleEndian
	linux := []byte("\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4")
	disk := []byte("\x01dgenfs-disk\x40\x80\x00\x00\x00")[:16]
	part := []byte("\x02dgenfs-part\x40\x80\x00\x00\x00")[:16]
	for _, id := range [][]byte{disk, part} { // of version 4, variant 1
		id[7] = id[7]&0x0f | 0x40
		id[8] = id[8]&0x3f | 0x80
	}
	e := append([]byte(nil), linux...)
	e = append(e, part...)
	e = le.AppendUint64(e, gptFirst)
	e = le.AppendUint64(e, uint64(sectors-gptBehind-1))
	e = le.AppendUint64(e, 0)
	for _, v := range utf16.Encode([]rune("data")) {
		e = le.AppendUint16(e, v)
	}
	entries = append(e, make([]byte, gptTable*gptSector-len(e))...)

	h := append([]byte("EFI PART"), 0, 0, 1, 0) // revision 1.0
	h = le.AppendUint32(h, 92)
	h = le.AppendUint64(h, 0) // CRC, reserved
	h = le.AppendUint64(h, uint64(at))
	h = le.AppendUint64(h, uint64(other))
	h = le.AppendUint64(h, 2+gptTable)
	h = le.AppendUint64(h, uint64(sectors-gptBehind-1))
	h = append(h, disk...)
	h = le.AppendUint64(h, uint64(table))
	h = le.AppendUint32(h, gptEntries)
	h = le.AppendUint32(h, 128)
	h = le.AppendUint32(h, crc32.ChecksumIEEE(entries))
	le.PutUint32(h[16:], crc32.ChecksumIEEE(h))
	return append(h, make([]byte, gptSector-len(h))...), entries
}

// gptProtection returns the MBR that keeps others from the disk.
func gptProtection(sectors int64) []byte {
	b := make([]byte, gptSector)
	p := b[446:]
	p[2], p[4] = 2, 0xee
	p[5], p[6], p[7] = 0xff, 0xff, 0xff
	binary.LittleEndian.PutUint32(p[8:], 1)
	binary.LittleEndian.PutUint32(p[12:], uint32(min(sectors-1, math.MaxUint32)))
	b[510], b[511] = 0x55, 0xaa
	return b
}

func planGPT(d Description) (*File, error) {
	const fixed = gptFirst + gptBehind
	sectors, err := fit("gpt", d.Size, fixed+1, max(fixed+1, d.Size/gptSector+1), func(n int64) int64 { return times(n, gptSector) })
	if err != nil {
		return nil, err
	}
	payload := (sectors - fixed) * gptSector
	return &File{size: d.Size, payload: payload, layout: func() layout {
		var l pieces
		header, entries := gptCopy(sectors, 1, sectors-1, 2)
		l.bytes(gptProtection(sectors))
		l.bytes(header)
		l.bytes(entries)
		l.zeros(gptFirst*gptSector - l.size())
		l.data(0, payload)
		header, entries = gptCopy(sectors, sectors-1, 1, sectors-gptBehind)
		l.bytes(entries)
		l.bytes(header)
		return l
	}}, nil
}
