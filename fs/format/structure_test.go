package format

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

var config = gen.Config{Seed: 11, Compress: 1.5, Dedup: 2, Unit: 4 << 10}

func readNPY(b []byte) (dict string, data []byte, err error) {
	if len(b) < 10 || string(b[:8]) != "\x93NUMPY\x01\x00" {
		return "", nil, fmt.Errorf("not npy: %q", b[:min(len(b), 10)])
	}
	end := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	if end%64 != 0 || b[end-1] != '\n' {
		return "", nil, fmt.Errorf("header ends at %d with %q", end, b[end-1])
	}
	return strings.TrimSpace(string(b[10:end])), b[end:], nil
}

func TestNPY(t *testing.T) {
	d := describe(t, "npy", Any, "shape", "37x100x3", "dtype", "f2")
	dict, data, err := readNPY(whole(t, d, config))
	if err != nil {
		t.Fatal(err)
	}
	if want := "{'descr': '<f2', 'fortran_order': False, 'shape': (37, 100, 3), }"; dict != want {
		t.Errorf("header %s, not %s", dict, want)
	}
	comparePayload(t, d, config, data)
}

// readZip returns the contents of a zip file, whose CRCs archive/zip checks, and reads
// once more by the local headers alone.
func readZip(b []byte) (map[string][]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		files[f.Name] = content
	}
	for at := 0; string(b[at:at+4]) == "PK\x03\x04"; {
		h := b[at:]
		le := binary.LittleEndian
		name := string(h[30 : 30+le.Uint16(h[26:])])
		begin := 30 + int(le.Uint16(h[26:])) + int(le.Uint16(h[28:]))
		content, ok := files[name]
		if !ok || le.Uint32(h[14:]) != crc32.ChecksumIEEE(content) || !bytes.Equal(h[begin:begin+len(content)], content) {
			return nil, fmt.Errorf("local header of %q differs", name)
		}
		at += begin + len(content)
	}
	return files, nil
}

func TestNPZ(t *testing.T) {
	for _, keys := range [][]string{
		{"shape", "1000x999x1"}, {"shape", "100x999", "dtype", "f4"}, {"shape", "3x5"}, {"shape", "64x64", "dtype", "f2"},
	} {
		d := describe(t, "npz", Any, keys...)
		b := whole(t, d, config)
		files, err := readZip(b)
		if err != nil {
			t.Fatal(err)
		}
		dict, data, err := readNPY(files["x.npy"])
		if err != nil || !strings.Contains(dict, strings.ReplaceAll(keys[1], "x", ", ")) {
			t.Fatalf("header %s: %v", dict, err)
		}
		comparePayload(t, d, config, data)
		if dict, data, err := readNPY(files["y.npy"]); err != nil || !bytes.Equal(data, make([]byte, 8)) || !strings.Contains(dict, "<i8") {
			t.Errorf("labels %v %v: %v", dict, data, err)
		}
		// One flipped byte is noticed, wherever in the array it is.
		for _, at := range []int{len(data) / 2, 0, len(data) - 1} {
			flipped := bytes.Clone(b)
			flipped[bytes.Index(b, data)+at] ^= 4
			if _, err := readZip(flipped); err == nil {
				t.Errorf("flipped byte %d is not noticed", at)
			}
		}
	}
}

func TestZip(t *testing.T) {
	for _, d := range []Description{
		describe(t, "zip", Any, "members", "23", "member", "10001"),
		describe(t, "zip", 100_000),
	} {
		files, err := readZip(whole(t, d, config))
		if err != nil || len(files) != int(max(1, d.Members)) {
			t.Errorf("%d files: %v", len(files), err)
		}
	}
	d := describe(t, "zip", Any, "members", "70000", "member", "20")
	if files, err := readZip(whole(t, d, config)); err != nil || len(files) != 70000 {
		t.Errorf("%d files: %v", len(files), err)
	}
	files, err := readZip(whole(t, describe(t, "zip", Any, "members", "12", "member", "10001.jpg"), config))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if !strings.HasSuffix(name, ".jpg") {
			t.Errorf("name %q", name)
		}
		if _, err := jpeg.Decode(bytes.NewReader(content)); err != nil {
			t.Error(err)
		}
	}
}

func TestTorch(t *testing.T) {
	d := describe(t, "pt", Any, "shape", "700x30", "dtype", "bf16")
	b := whole(t, d, config)
	files, err := readZip(b)
	if err != nil {
		t.Fatal(err)
	}
	comparePayload(t, d, config, files["archive/data/0"])
	if at := bytes.Index(b, files["archive/data/0"]); at%64 != 0 {
		t.Errorf("storage is at %d", at)
	}
	if !bytes.Contains(files["archive/data.pkl"], []byte("BFloat16Storage")) || string(files["archive/byteorder"]) != "little" {
		t.Error("pickle is of another type")
	}
}

func TestSafetensors(t *testing.T) {
	d := describe(t, "safetensors", Any, "shape", "70x30", "dtype", "f8")
	b := whole(t, d, config)
	n := binary.LittleEndian.Uint64(b)
	var header map[string]struct {
		DType   string  `json:"dtype"`
		Shape   []int64 `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	data := b[8+n:]
	if h := header["data"]; h.DType != "F64" || len(h.Shape) != 2 || h.Offsets[1] != int64(len(data)) || (8+n)%8 != 0 {
		t.Errorf("header %+v", header)
	}
	comparePayload(t, d, config, data)
}

func TestHDF5(t *testing.T) {
	d := describe(t, "hdf5", Any, "shape", "70x30", "dtype", "f4")
	b := whole(t, d, config)
	if string(b[:8]) != "\x89HDF\r\n\x1a\n" || binary.LittleEndian.Uint64(b[40:]) != uint64(len(b)) {
		t.Errorf("superblock %x", b[:96])
	}
	comparePayload(t, d, config, b[2048:len(b)-8])
}

func TestJPEG(t *testing.T) {
	for _, d := range []Description{
		describe(t, "jpeg", 322957), describe(t, "jpeg", 204), describe(t, "jpeg", Any, "shape", "480x641"),
		describe(t, "jpeg", 3_000_000, "shape", "480x641"),
	} {
		b := whole(t, d, config)
		im, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := im.(*image.Gray); !ok {
			t.Errorf("image is a %T", im)
		}
		if !d.Shape.IsZero() && (im.Bounds().Dx() != 641 || im.Bounds().Dy() != 480) {
			t.Errorf("image of %v", im.Bounds())
		}
		// The scan is the payload, with 7 bits of each coefficient.
		f, _ := New(d)
		scan := b[len(b)-2-int(f.PayloadSize()) : len(b)-2]
		cfg := config
		cfg.Size = f.PayloadSize()
		want, _ := gen.Generate(cfg)
		for i := range want {
			v := want[i] & 0x7f
			if i%64 == 0 {
				v = 0
			}
			if scan[i] != v {
				t.Fatalf("byte %d of the scan is %#x, not %#x", i, scan[i], v)
			}
		}
	}
}

func TestPNG(t *testing.T) {
	for _, d := range []Description{
		describe(t, "png", 30_000), describe(t, "png", 70), describe(t, "png", 75), describe(t, "png", 1<<20),
		describe(t, "png", 3_000_001), describe(t, "png", Any, "shape", "200x301x3"), describe(t, "png", 300_000, "shape", "200x301"),
	} {
		b := whole(t, d, config)
		im, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		if d.Size == 30_000 {
			comparePayload(t, d, config, im.(*image.Gray).Pix)
		}
		for _, at := range []int{len(b) - 40, len(b) / 2, 20} {
			flipped := bytes.Clone(b)
			flipped[at] ^= 4
			if _, err := png.Decode(bytes.NewReader(flipped)); err == nil {
				t.Errorf("%d bytes: flipped byte %d is not noticed", len(b), at)
			}
		}
	}
}

func TestTar(t *testing.T) {
	for _, d := range []Description{
		describe(t, "tar", 100*512), describe(t, "tar", Any, "members", "12", "member", "10001.jpg"),
	} {
		b := whole(t, d, config)
		r := tar.NewReader(bytes.NewReader(b))
		for i := range max(1, d.Members) {
			h, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if d.Member.Size > 0 && h.Name != fmt.Sprintf("%06d.jpg", i) {
				t.Errorf("name %q", h.Name)
			}
			content, err := io.ReadAll(r)
			if err != nil || int64(len(content)) != h.Size {
				t.Fatal(err)
			}
			if d.Member.Size > 0 {
				if _, err := jpeg.Decode(bytes.NewReader(content)); err != nil {
					t.Error(err)
				}
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("behind the last: %v", err)
		}
	}
	// 8 GiB and more are in binary.
	d := describe(t, "tar", Any, "members", "2", "member", "9G")
	_, r := open(t, d, config)
	p := make([]byte, 512)
	if _, err := r.ReadAt(p, 9<<30+512); err != nil {
		t.Fatal(err)
	}
	h, err := tar.NewReader(bytes.NewReader(p)).Next()
	if err != nil || h.Size != 9<<30 || h.Name != "000001.bin" {
		t.Errorf("%+v: %v", h, err)
	}
}

func TestGzip(t *testing.T) {
	for _, size := range []int64{23, 24, 200_000, 10 + 3*65540 + 8, 10 + 2*65540 + 1 + 8, 10 + 2*65540 + 6 + 8} {
		d := describe(t, "gz", size)
		b := whole(t, d, config)
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		comparePayload(t, d, config, data)
	}
}

func TestTFRecord(t *testing.T) {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	masked := func(p []byte) uint32 {
		crc := crc32.Checksum(p, castagnoli)
		return (crc>>15 | crc<<17) + 0xa282ead8
	}
	read := func(b []byte, record int64) (payload []byte, err error) {
		for len(b) > 0 {
			n := binary.LittleEndian.Uint64(b)
			if binary.LittleEndian.Uint32(b[8:]) != masked(b[:8]) {
				return nil, fmt.Errorf("CRC of the length")
			}
			example := b[12 : 12+n]
			if binary.LittleEndian.Uint32(b[12+n:]) != masked(example) {
				return nil, fmt.Errorf("CRC of the record")
			}
			features, err := readExample(example)
			if err != nil {
				return nil, err
			}
			if size, n := binary.Uvarint(features["size"]); n <= 0 || size != uint64(len(features["image"])) {
				return nil, fmt.Errorf("size %d of %d bytes", size, len(features["image"]))
			}
			payload = append(payload, features["image"]...)
			b = b[16+n:]
		}
		return payload, nil
	}
	// The sizes are those that DLIO's generator writes with tensorflow.
	for _, test := range []struct{ size, record int64 }{
		{114304 * 3, 114244}, {2554 * 100, 2500}, {2825827, 0}, {2825827 * 2, 2825761}, {100, 0}, {70 + 65536, 0},
	} {
		d := Description{Format: "tfrecord", Size: test.size, Record: test.record}
		b := whole(t, d, config)
		payload, err := read(b, test.record)
		if err != nil {
			t.Fatalf("%d of %d: %v", test.size, test.record, err)
		}
		comparePayload(t, d, config, payload)
		for _, at := range []int{len(b) / 2, len(b) - 30} {
			flipped := bytes.Clone(b)
			flipped[at] ^= 1
			if _, err := read(flipped, test.record); err == nil {
				t.Errorf("flipped byte %d is not noticed", at)
			}
		}
	}
}

// readExample returns the features of a tf.train.Example: the bytes of a list of one,
// or the varints of a packed list.
func readExample(b []byte) (map[string][]byte, error) {
	field := func(b []byte) (number byte, content, rest []byte, err error) {
		n, k := binary.Uvarint(b[1:])
		if k <= 0 || b[0]&7 != 2 || uint64(len(b)-1-k) < n {
			return 0, nil, nil, fmt.Errorf("field %x", b[:min(len(b), 8)])
		}
		return b[0] >> 3, b[1+k : 1+k+int(n)], b[1+k+int(n):], nil
	}
	_, features, rest, err := field(b)
	if err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("example: %d bytes more: %w", len(rest), err)
	}
	found := map[string][]byte{}
	for len(features) > 0 {
		var entry []byte
		if _, entry, features, err = field(features); err != nil {
			return nil, err
		}
		_, key, value, err := field(entry)
		if err != nil {
			return nil, err
		}
		for range 3 { // value of the entry, the kind of list, its element
			if _, value, rest, err = field(value); err != nil || len(rest) > 0 {
				return nil, fmt.Errorf("feature %s: %d bytes more: %w", key, len(rest), err)
			}
		}
		found[string(key)] = value
	}
	return found, nil
}
