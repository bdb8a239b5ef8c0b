package help

import (
	"strings"

	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/fs/spec"
)

// key is a key of a SPEC.
type key struct {
	name  string
	value string // what its value is called, or the values with | between them
	brief string // a line beside others
	text  string // what the manual says
}

// specKeys are the keys of every SPEC, in the order of package spec.
var specKeys = []key{
	{"seed", "N", "one of 2^64 unrelated streams of bytes",
		"Selects one of 2^64 unrelated streams; decimal, or hexadecimal after 0x. The default follows from the seed of the mount and the path of the file."},
	{"dedup", "R", "deduplication ratio, from 1 (default: 1)",
		"Deduplicates by this ratio, from 1, which is the default: of N units, round(N/R) are distinct. Those that are equal are spread over the file."},
	{"unit", "SIZE", "size of what repeats: a multiple of 4K, up to 1G (default: 128K)",
		"Sets the size of the unit, the piece that deduplication repeats: a multiple of 4K, up to 1G. The default is 128K."},
	{"run", "SIZE", "shortest run of units that repeat together, up to 1T (default: one)",
		"Makes runs of neighbouring units repeat, and change, together: the shortest run, a multiple of the unit, up to 1T; others have up to 16 times that. Chunking by contents, as backup programs do it, finds duplicates in runs far longer than a chunk. The default is one unit."},
	{"skew", "N", "how unevenly units repeat, 0 to 8 (default: 0)",
		"Sets how unevenly units repeat: with 0, the default, all about equally often; with 8, the largest value, some far more often than others, and most only once. The number of distinct units stays the same."},
	{"scope", "file|group", "what deduplicates: each file, or all of one --file (default: file)",
		"With group, all files of one --file deduplicate together. Files smaller than a unit repeat whole, and so do those whose sizes are drawn. The default is file: each file deduplicates on its own."},
	{"group", "NofM", "which units of its group the file has; written by dgenfs",
		"Replaces scope=group in the SPEC of a single file: its units are those from number N, counted from 0, of the M units of its group. dgenfs writes it, for example in the attribute user.dgenfs.spec."},
	{"compress", "R", "compression ratio, 1 to 100 (default: 1)",
		"Makes every block of 4 KiB or more compress by this ratio, from 1, which is the default, to 100."},
	{"texture", "random|flat|text|code|log|binary", "what the bytes are like (default: random)",
		"Sets what the bytes are like to codecs and to people. With text, code, log and binary, compress= is what zstd -3 makes of blocks of 128 KiB, and other codecs get about what they get from such data; with flat, files and tails of 1 KiB or more compress by the same ratio as large blocks. Without compress=, the ratio is what is usual for the texture. These bytes are a draft and may change in a later version."},
	{"spread", "S", "how much the ratios of regions differ, 0 to 1 (default: 0)",
		"Makes the ratios of regions differ: sets the standard deviation of their natural logarithm, from 0, the default, to 1. Needs a texture. All regions together keep the ratio of compress=."},
	{"zero", "P%", "share of regions that are zeros",
		"Sets the share of the file's regions that are zeros. compress= is the ratio of the others."},
	{"random", "P%", "share of regions that are random bytes",
		"Sets the share of the file's regions that are random bytes. compress= is the ratio of the others."},
	{"region", "SIZE", "length of a region: a multiple of 4K, up to 1G (default: 64K)",
		"Sets the length of a region, the piece that zero=, random= and spread= are about: a multiple of 4K, up to 1G. The default is 64K."},
	{"holes", "P%", "share of the file that is holes, which take no space",
		"Makes this share of the file holes, which read as zeros and take no space: of its pieces of the length that hole= gives, as many as this comes to, rounded, spread over the file. A remainder behind the last whole piece is data, but not with 100%. The other keys are about what is not in holes. Not with format=."},
	{"hole", "SIZE", "length of a hole: a multiple of 4K, up to 1G (default: the unit)",
		"Sets the length of the pieces that holes= is about: a multiple of 4K, up to 1G. Neighbouring pieces may both be holes. The default is the unit."},
	{"generation", "N", "which generation of a file that changes, 0 to 4095",
		"Shows this generation of a file that changes, 0 to 4095. The default is that of --generation."},
	{"change", "P%", "share of its units that each generation replaces",
		"Sets the share of its distinct units that each generation replaces, in turn. The default is that of --change."},
	{"insert", "P%", "share of its size that each generation inserts",
		"Sets the share of its size that each generation inserts into the file, in pieces of a run, or of a unit, and one byte. What follows is shifted, so blocks of fixed size see nearly all of the file change, and chunks cut by contents little more than the share. As much is lost at other places: the file's size stays. The default is that of --insert. These bytes are a draft and may change in a later version."},
	{"phase", "N", "where changes start; written by dgenfs",
		"Sets a fraction of a unit, in billionths, that counts as changed from the start, so that some of many small files change in each generation. The default follows from the file's place among the files of its --file. dgenfs writes it, for example in the attribute user.dgenfs.spec."},
	{"format", "NAME", "a file that its readers open: npz, hdf5, jpeg ...; auto: by the name",
		"Makes the file one that its readers open, of exactly SIZE bytes: header, checksums and footer of the format, around bytes as the other keys describe them. NAME is one of " + strings.Join(format.Names(), " ") + "; or auto, for the format that the extension of the file's name says. If a format has no file of SIZE bytes, the error names the nearest two; where sizes are drawn, each file gets the nearest. In the root of a mount, 1G.npz is 1G,format=npz, and so on."},
	{"shape", "NxN...", "dimensions of an array: 1024x768x3; of an image: HEIGHTxWIDTH",
		"Sets the dimensions of the array in npy, npz, pt, hdf5, arrow, gguf and safetensors, such as 1024x768x3, the last one varying fastest; or height and width of a jpeg, png or bmp, and perhaps channels of a png. The default is one dimension, or an image that is about as wide as high."},
	{"dtype", "TYPE", "type of an array's elements: uint8, float32, bf16 ... (default: uint8)",
		"Sets the type of an array's elements: uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, bfloat16, float32 or float64; or u8 i1 u2 i2 u4 i4 f2 bf16 f4 f8. The default is uint8. Not every format has all of them."},
	{"nan", "yes|no", "whether floats may be infinite, or not a number (default: no)",
		"With yes, floats are any bits. The default is no: they are finite, and below 2."},
	{"record", "SIZE", "tfrecord: length of each record's data",
		"Sets how many bytes of data each record of a tfrecord has. The default is one record for all."},
	{"columns", "LIST", "parquet: columns, such as 200 or 13xf4+26xi4",
		"Sets the columns of a parquet file: kinds with a + between them, each a number, perhaps x and a type, and perhaps x and the length of a list: 200, 13xf4+26xi4, 5xf4x1024. A number alone is of float32."},
	{"rows", "N", "parquet: how many rows it has",
		"Sets how many rows a parquet file has. The default is as many as SIZE has room for."},
	{"rowgroup", "N", "parquet: how many rows a row group has",
		"Sets how many rows a row group of a parquet file has."},
	{"members", "N", "tar, zip: how many files are in it",
		"Sets how many files are in a tar or zip file. The default is one, or as many as SIZE has room for if member= is given."},
	{"member", "SIZE[.EXT]", "tar, zip: what each of these is: 100K, or 100K.jpg",
		"Sets the size of the files in a tar or zip file, and perhaps their format by its extension: 100K, or 100K.jpg. They may be .npy, .jpg, .wav, .bmp or .safetensors."},
	{"rate", "SIZE", "limit in bytes per second, for all its readers together",
		"Through a mount, limits the bytes per second that all readers of the file get together. By default, there is no limit."},
	{"latency", "TIME", "minimum time for a read request: 50us, 2ms, 1.5s",
		"Through a mount, answers no read request earlier than this after it arrived: a number and us, ms or s, up to 3600s. Requests wait at the same time, not one after the other."},
	{"fail", "ERR@OFFSET+LENGTH|ERR:P%|CALL:ERR:P%", "which reads fail: of a range, or of a share of the cells of 4K; which files",
		"Through a mount, fails the reads that touch this range, or any of this share of the file's cells of 4 KiB, from 0.0000001%. The cells are the same at every read. ERR is eio, enodata, eremoteio, etimedout, enolink, enxio, ebadmsg or estale. With CALL, open or stat, this share of the files cannot be opened, or looked up at all, always the same ones; ERR may then also be eacces, eperm, enoent or ebusy. Several are written with + between them: eio:0.1%+open:eacces:1%."},
	{"corrupt", "KIND@OFFSET|KIND@OFFSET+LENGTH|KIND:P%", "damage what is read: bit, zero, stale, swap, torn or short",
		"Through a mount, and with dgenfs cat, damages what is read of this place, or of this share of the file's cells of 4 KiB, from 0.0000001%; always in the same way. KIND is bit, one bit is flipped; zero, zeros; stale, the bytes of the generation before; swap, the bytes of another place in the file; torn, unrelated bytes from a sector of 512 bytes on; or short, reads end there. Without LENGTH, it is one byte for a bit, and 4 KiB for the others. Several are written with + between them: bit@1M+zero:0.1%."},
	{"mode", "MODE", "permissions, octal: 0755 (default: those of --mode)",
		"Sets the permissions of the file, or of a directory: octal digits, 0 to 7777. The default is those of --mode. Mounts are nosuid, so setuid and setgid have no effect, but tools see and copy them."},
	{"uid", "N", "owner, by number (default: that of --uid)",
		"Sets the owner of the file, or of a directory, by number. The default is that of --uid."},
	{"gid", "N", "group, by number (default: that of --gid)",
		"Sets the group of the file, or of a directory, by number. The default is that of --gid."},
	{"mtime", "MOMENT|MOMENT..MOMENT", "when it was modified: 2024-05-01T12:30:00, or in a range",
		"Sets when the file, or a directory, was last modified, in generation 0: a date, or a date and a time in UTC, from 1970 to 2261, such as 2024-05-01 or 2024-05-01T12:30:00; or a range, 2020-01-01..2024-05-01, in which each file has a moment that follows from its place in the tree. What generation N has changed has a time in the day before N days after that, or after the end of the range. The default is such a time before 2000-01-01."},
}

// treeKeys are the keys that a SPEC has besides if it is for many files.
var treeKeys = []key{
	{"total", "SIZE", "size of all files together, from which their number follows",
		"Makes as many files as have this size together. NAME then has an open range: {0..}, or {000..} for up to a thousand names."},
	{"share", "P%", "share of the number of files of the tree, see --total and --count",
		"Makes this share of the number of files of the tree, which --total or --count gives. NAME then has an open range, as with total=."},
	{"index", "DIR", "index files of tfrecords, or of files of records of record=SIZE",
		"Gives each tfrecord NAME an index file DIR/NAME.idx, as tfrecord2idx makes it, and each file of plain records two, of their offsets and lengths, DIR/NAME.off.idx and DIR/NAME.sz.idx. record=SIZE is the length of these, else a file is one record. DIR may be . for beside the file."},
}

// drawnSizes are the forms of SIZE that give each of many files a size of its own.
var drawnSizes = []key{
	{"4K..1M", "", "log-uniform sizes from 4K to 1M",
		"Log-uniform sizes from 4K to 1M: as many files from 4K to 8K as from 8K to 16K."},
	{"lognormal:64K:1.5", "", "log-normal sizes, with this median and sigma",
		"Log-normal sizes, with this median and this standard deviation of the natural logarithm, and perhaps a smallest and a largest size: lognormal:64K:1.5:1K..1G."},
	{"normal:140M:47M", "", "normal sizes, with this mean and sigma",
		"Normal sizes, with this mean and standard deviation, and perhaps a smallest and a largest size: normal:140M:47M:1.. or normal:140M:47M:1M..1G."},
	{"square:12107:2822", "", "products of two sides of this mean and sigma",
		"Sizes that are the product of two sides, each normal with this mean and standard deviation, rounded down, and 1 or more. With a format, the array or image in a file has these sides."},
}

// linkForms are what a SPEC for many files may be instead.
var linkForms = []key{
	{"symlink", "TARGET", "symbolic links; then uid=, gid=, mtime= and share= may follow",
		"Makes NAME, or each name of its ranges, a symbolic link to TARGET, a path of any kind, which need not exist. TARGET may have ranges as NAME has them: name i points to target i; where there are fewer targets than names, they are used in turn. A comma in it is written \\x2c, a blank \\x20. The keys uid, gid, mtime and share may follow."},
	{"hardlink", "NAME", "hard links: more names of the files of the entry NAME",
		"Makes NAME, or each name of its ranges, one more name of a file of another entry, whose NAME is written here as it is there, with all ranges: name i is one of file i; where there are fewer files than names, they are used in turn. A file has the same inode number by all of its names, and st_nlink counts them. A comma in it is written \\x2c, a blank \\x20."},
}

// Texts about a SPEC, for --help and the manual.
const (
	specText = `A SPEC describes a file: its SIZE, then keys, separated by commas.

  64G                      64 GiB of random bytes
  64G,dedup=3,compress=2   the same, but a third is distinct, and it compresses 2:1

A SIZE is a number of bytes, or a number followed by K, M, G, T, P or E for powers of
1024, by KB, MB and so on for powers of 1000, or by KiB, MiB and so on, or Ki, Mi and
so on, for powers of 1024. The largest is 2^63-1 bytes.
`
	treeText = `Where a SPEC is for many files, their sizes may be drawn, and it may say how many
files there are.
`
	rootText = `In the root of every mount, any name that is a SPEC exists, listed or not; so does a
SIZE with the extension of a format: 1G.npz is 1G,format=npz.
`
)

func (k key) String() string {
	if k.value == "" {
		return k.name
	}
	return k.name + "=" + k.value
}

// choices returns values to choose from: all that there are, or those with a name.
func (k key) choices() []string {
	if k.name == "format" {
		return append(format.Names(), spec.Auto)
	}
	if strings.ToLower(k.value) != k.value || !strings.Contains(k.value, "|") {
		return nil
	}
	return strings.Split(k.value, "|")
}
