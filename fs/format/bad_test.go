package format

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

// Bad descriptions get one line each, which names what is wrong and what would be right.
func TestBad(t *testing.T) {
	for _, test := range []struct {
		format string
		size   int64
		keys   []string
		want   string
	}{
		{"npx", 100, nil, `format "npx": a format is one of npy npz `},
		{"", 100, nil, `format: a format is one of npy npz `},
		{"npz", 4 << 20, []string{"record", "4K"}, "record: not a key of format=npz, which has shape, dtype, nan"},
		{"gz", 4 << 20, []string{"shape", "3"}, "shape: not a key of format=gz, which has none of its own"},
		{"npy", 131, []string{"dtype", "f4"}, "size 131: the smallest npy of float32 has 132 bytes"},
		{"npy", 133, []string{"dtype", "f4"}, "size 133: not possible for npy of float32; the nearest are 132 and 136"},
		{"npy", 100, []string{"shape", "10x10"}, "size 100: npy of uint8, shape=10x10 has 228 bytes"},
		{"npy", 1000, []string{"dtype", "bf16"}, `dtype "bfloat16": numpy has no such type; use float16, or another format`},
		{"npz", 400, nil, "size 400: the smallest npz of uint8 has 499 bytes"},
		{"npy", 1000, []string{"nan", "yes"}, "nan: uint8 has no such values; it is for floats"},
		{"npy", Any, nil, "size: npy of uint8 may have many sizes; name one"},
		{"pt", 1000, []string{"dtype", "uint16"}, `dtype "uint16": torch does not save such a type; use a signed one, uint8 or a float`},
		{"tfrecord", 150_000, []string{"record", "114244"}, "size 150000: not possible for tfrecord of records of 114244; the nearest are 114304 and 228608"},
		{"tfrecord", 3 << 30, nil, "record: a tfrecord of more than 2G needs it, as a record has at most 2147483583 bytes"},
		{"tfrecord", 3 << 30, []string{"record", "2G"}, `record "2G": a record has at most 2147483583 bytes`},
		{"jpeg", 141, nil, "size 141: the smallest jpeg has 204 bytes"},
		{"jpeg", 205, nil, "size 205: not possible for jpeg; the nearest are 204 and 208"},
		{"jpeg", 8 << 30, nil, "size 8589934592: the largest jpeg has 4293918924 bytes"},
		{"jpeg", 1000, []string{"shape", "3x3x3"}, `shape "3x3x3": a jpeg is HEIGHTxWIDTH, up to 65535x65535`},
		{"png", 69, nil, "size 69: the smallest png has 70 bytes"},
		{"tar", 5000, nil, "size 5000: not possible for tar; the nearest are 4608 and 5120"},
		{"tar", 5000, []string{"members", "3", "member", "1K"}, "size 5000: tar, members=3, member=1K has 10240 bytes"},
		{"zip", Any, []string{"member", "250.jpg"}, "size: zip, member=250.jpeg may have many sizes; name one"},
		{"zip", Any, []string{"members", "2", "member", "150.jpg"}, `member "150.jpeg": size 150: the smallest jpeg has 204 bytes`},
		{"wav", 101, nil, "size 101: not possible for wav; the nearest are 100 and 102"},
		{"wav", 5 << 30, nil, "size 5368709120: the largest wav has 4294967294 bytes"},
		{"bmp", 57, nil, "size 57: the smallest bmp has 58 bytes"},
		{"gz", 22, nil, "size 22: the smallest gz has 23 bytes"},
		{"gpt", 2<<20 + 1, nil, "size 2097153: not possible for gpt; the nearest are 2097152 and 2097664"},
		{"parquet", 100, []string{"columns", "200"}, "size 100: the smallest parquet, columns=200xfloat32 has "},
		{"parquet", Any, []string{"columns", "1xf8x1000", "rowgroup", "200000", "rows", "200000"}, `rowgroup "200000": must be at most 134217, for pages of up to 1 GiB`},
		{"arrow", 1000, []string{"shape", "3x3"}, `shape "3x3": an arrow column has one dimension`},
		{"gguf", 1000, []string{"dtype", "u4"}, `dtype "uint32": gguf has int8 `},
		{"npy", Any, []string{"shape", "4611686018427387904", "dtype", "f4"}, "size: npy of float32, shape=4611686018427387904 is larger than a file can be, 2^63-1 bytes"},
		{"tfindex", 100, nil, "record: format=tfindex needs it: the length of the records that it is the index of"},
		{"tfindex", 30, []string{"record", "2500"}, "size 30: not possible for tfindex of records of 2500; the nearest are 27 and 37"},
		{"tfindex", 30, []string{"record", "2G"}, `record "2G": a record has at most 2147483583 bytes`},
		{"offsets", 9, []string{"record", "5"}, "size 9: not possible for offsets of records of 5; the nearest are 8 and 16"},
		{"lengths", 0, []string{"record", "5"}, "size 0: the smallest lengths of records of 5 has 8 bytes"},
		{"hdf5", -7, nil, "size -7: hdf5 has no files of any size"},
	} {
		d := Description{Format: test.format, Size: test.size}
		for i := 0; i < len(test.keys); i += 2 {
			if err := d.Set(test.keys[i], test.keys[i+1]); err != nil {
				t.Fatalf("%s %v: %v", test.format, test.keys, err)
			}
		}
		_, err := New(d)
		checkLine(t, test.format, err, test.want)
	}
}

// So do bad values.
func TestBadValues(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"format", "", "format: a format is one of npy "},
		{"shape", "", "shape: a shape is whole numbers with an x between them, such as 1024x768x3"},
		{"shape", "3x", `shape "3x": a shape is whole numbers`},
		{"shape", "3x0", `shape "3x0": a dimension is 1 or more`},
		{"shape", "+3", `shape "+3": a shape is whole numbers`},
		{"shape", "1x1x1x1x1x1x1x1x1", `shape "1x1x1x1x1x1x1x1x1": a shape has 1 to 8 dimensions`},
		{"shape", "4294967296x4294967296", `shape "4294967296x4294967296": an array has at most 2^63-2 elements`},
		{"dtype", "i8", `dtype "i8": is int8 to some and int64 to others; write one of these`},
		{"dtype", "f3", `dtype "f3": a type is one of uint8 u8 int8 `},
		{"nan", "maybe", `nan "maybe": must be yes or no`},
		{"record", "0", `record "0": a record has 1 byte or more`},
		{"record", "x", `record: size "x": a size starts with a digit`},
		{"columns", "0", `columns "0": columns are COUNT`},
		{"columns", "3xbf16", `columns "3xbf16": tables have no bfloat16; use float16`},
		{"columns", "3xf5", `columns "3xf5": types are `},
		{"columns", "3xf4x0", `columns "3xf4x0": a list has 1 to 268435455 elements`},
		{"columns", "9999+2", `columns "9999+2": a table has at most 10000 columns`},
		{"columns", strings.Repeat("f4+i4+", 128) + "1", `columns "f4+i4+f4`},
		{"columns", strings.Repeat("1xf4+1xi4+", 128) + "1", `columns "1xf4+1xi4+`},
		{"rows", "-1", `rows "-1": must be a whole number of 1 or more`},
		{"members", "0", `members "0": must be a whole number of 1 or more`},
		{"member", "3K.tfrecord", `member "3K.tfrecord": what is behind the size must be one of .npy .jpeg`},
		{"member", "K", `member: size "K": a size starts with a digit`},
		{"color", "red", `key "color": not one of a format; those are shape, dtype`},
	} {
		var d Description
		checkLine(t, test.key+"="+test.value, d.Set(test.key, test.value), test.want)
	}
}

func checkLine(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v, not %s", what, err, want)
	}
}

// What a payload returns is passed on, and a payload that is too short is an error.
func TestBadPayload(t *testing.T) {
	for _, format := range []string{"npy", "npz", "gz", "tfrecord", "png"} {
		f, err := New(Description{Format: format, Size: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		wrong := errors.New("no more seeds")
		if _, err := f.Open(func(int64) (io.ReaderAt, error) { return nil, wrong }); !errors.Is(err, wrong) {
			t.Errorf("%s: %v", format, err)
		}
		r, err := f.Open(func(size int64) (io.ReaderAt, error) { return gen.New(gen.Config{Size: size - 1, Threads: 1}) })
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 100_000)
		if n, err := r.ReadAt(p, 0); n != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %d, %v", format, n, err)
		}
		if _, err := r.ReadAt(p, -1); err == nil {
			t.Errorf("%s: read at a negative offset", format)
		}
		if n, err := r.ReadAt(p, 100_000); n != 0 || err != io.EOF {
			t.Errorf("%s: at the end: %d, %v", format, n, err)
		}
	}
}
