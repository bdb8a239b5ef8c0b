package fs

import (
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// BenchmarkGetAttr answers what every stat asks for.
func BenchmarkGetAttr(b *testing.B) {
	changing := tree.Options{History: tree.History{Generation: 100, Change: 2e7}}
	moving := tree.Options{History: tree.History{Generation: 100, Change: 2e7, Grow: 1e7, Delete: 1e7}}
	for _, c := range []struct {
		name, spec string
		o          tree.Options
	}{
		{"plain", "64K", tree.Options{}},
		{"generation", "64K", changing},
		{"moving", "64K", moving},
		{"dedup", "1G,dedup=3", changing},
		{"group", "1M,dedup=3,scope=group", changing},
		{"drawn", "lognormal:64K:1.5", changing},
	} {
		b.Run("of="+c.name, func(b *testing.B) {
			files, err := spec.ParseFiles(c.spec)
			if err != nil {
				b.Fatal(err)
			}
			tr, err := tree.New([]tree.Entry{{Pattern: "home/user{00..99}/mail/{0000..9999}.eml", Spec: files.Spec, Sizes: files.Sizes}}, c.o)
			if err != nil {
				b.Fatal(err)
			}
			f := New(Options{Tree: tr})
			var out fuse.AttrOut
			in := fuse.GetAttrIn{}
			b.ReportAllocs()
			for i := uint64(0); b.Loop(); i = (i + 7919) % 1e6 {
				in.NodeId = 103 + i
				f.GetAttr(nil, &in, &out)
			}
		})
	}
}
