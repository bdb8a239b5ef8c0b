package fs

import (
	"testing"

	"github.com/hanwen/go-fuse/v2/fuse"
)

// BenchmarkSmallFile opens, reads and releases a file of 4K.
func BenchmarkSmallFile(b *testing.B) {
	for _, c := range []struct{ name, file string }{
		{"plain", "d{00..99}/f{0000..9999}:4K"},
		{"text", "d{00..99}/f{0000..9999}:4K,texture=text"},
		{"dedup", "d{00..99}/f{0000..9999}:4K,dedup=2,scope=group"},
	} {
		b.Run("of="+c.name, func(b *testing.B) {
			f := newFS(b, 0, c.file)
			p := make([]byte, 4<<10)
			first := walk(b, f, "d00/f0000").NodeId
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i = (i + 7919) % 1e6 {
				var out fuse.OpenOut
				if status := f.Open(nil, &fuse.OpenIn{InHeader: header(first + i)}, &out); status != fuse.OK {
					b.Fatal(status)
				}
				if n, _, errno := f.ReadFile(out.Fh, 0, p[:f.StoreSize(out.Fh)]); n != len(p) || errno != 0 {
					b.Fatal(n, errno)
				}
				f.Release(nil, &fuse.ReleaseIn{Fh: out.Fh})
			}
		})
	}
}
