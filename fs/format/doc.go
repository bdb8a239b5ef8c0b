// Package format makes files that their readers open: numpy's, torch's, images,
// archives and others, of an exact size, around bytes that package gen generates.
//
// A format is a pure function of a [Description] to a size and to what is at each
// offset. [New] computes where headers, payload, checksums and footers are, and
// reads nothing; [File.Open] takes the payload; [Reader.ReadAt] fills the caller's
// buffer at any offset. Nothing is stored: a file of 8 TiB is as quick to open as
// one of 8 KiB, takes some kilobytes of memory, and a read costs what it reads and a
// little more.
//
//	f, err := format.New(format.Description{Format: "npz", Size: 140 << 20})
//	r, err := f.Open(format.Generate(gen.Config{Seed: 7}))
//	n, err := r.ReadAt(p, off)
//
// # The payload
//
// A file's payload is the beginning of a stream, in order. It is changed in place,
// in two ways, both of which depend on nothing but the bytes of a cell of 4 KiB
// and its place in the payload. Equal units therefore stay equal, and different
// ones different.
//
// Masks: bits that must not be set are cleared. Of floats, that is the highest bit
// of the exponent, so that all are finite and below 2; of a jpeg's coefficients, the
// first bit. See [Description.NaN].
//
// Neutral cells: where a CRC of 32 bits over the payload stands in the file, bits in
// the last word of each whole cell are inverted so that the CRC is the same
// whatever the cell holds. Hence the CRC of any length takes two cells to compute:
// the parts of cells at both ends. These are npz, zip, pt, gz, and tfrecord with
// records above 64 KiB; the CRC of a smaller record takes the record. In png of more
// than 1 MiB without a shape, a cell is a row of an image, and neutral to its Adler-32
// as well: 22 bytes of it are chosen for that, and about one in a hundred is moved.
//
// # What must be read to make another part
//
//	npz zip pt      the last cell of a member, for its headers
//	gz              the last cell, for the end
//	tfrecord        up to two cells, or a record of up to 64 KiB, for its CRC
//	png             of images of up to 1 MiB, or 16 MiB if they have a shape: up to 64
//	                KiB, for the CRC of a chunk, and all of it, once, for its end
//	all others      nothing
package format
