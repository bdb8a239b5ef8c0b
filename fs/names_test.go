package fs

import (
	"bytes"
	"fmt"
	"github.com/dgenfs/dgenfs/fs/transport"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// longName is one that is too long for a number.
func longName(i int) string {
	return fmt.Sprintf("%dK,dedup=2.25,compress=1.125,seed=12345678901234567890", i)
}

func TestShortNames(t *testing.T) {
	ids := make(map[uint64]string)
	for _, name := range []string{
		"0", "1", "1K", "1k", "01K", "64G", "999999999", "1KB", "1KiB", "1024M,seed=7", "1G,seed=7", "1G,seed=1234567",
		"64G,dedup=3,compress=2,seed=7", "1G,scope=group", "1G,scope=file", "1M,latency=2ms", "1M,rate=5M", "1M,fail=eio:1%",
		"1M,fail=eio@1K+4K", "1M,generation=12", "1M,change=0.5%", "300K,group=0of30",
	} {
		if _, err := spec.Parse(name); err != nil {
			t.Fatal(err)
		}
		id, ok := shortNameID(name)
		if !ok || id&specNameBit == 0 || id&hashedNameBit != 0 || id>>63 != 0 || ids[id] != "" {
			t.Errorf("%s: id %#x, %v; it is that of %q, too", name, id, ok, ids[id])
		}
		ids[id] = name
		if got := shortName(id); got != name {
			t.Errorf("%s: the id stands for %q", name, got)
		}
	}
	for _, name := range []string{longName(1), "9223372036854775807", "1K,seed=0x1f", strings.Repeat("1", 255)} {
		if id, ok := shortNameID(name); ok {
			t.Errorf("%s: id %#x", name, id)
		}
	}
	// For good: inode numbers are the same in every version.
	for name, want := range map[string]uint64{"0": 1<<62 + 1, "1K": 1<<62 + 2*48 + 11, "64G,dedup=3": 1<<62 + 0x23fe9e4} {
		if id, _ := shortNameID(name); id != want {
			t.Errorf("%s: id %#x, want %#x", name, id, want)
		}
	}
}

// Every number of the range is the id of one name at most.
func FuzzShortNames(f *testing.F) {
	f.Add(uint64(1), "1K")
	f.Add(uint64(1<<61-1), "64G,seed=7")
	f.Fuzz(func(t *testing.T, n uint64, name string) {
		if id, ok := shortNameID(name); ok && shortName(id) != name {
			t.Errorf("%q has the id %#x, that of %q", name, id, shortName(id))
		}
		n &= hashedNameBit - 1
		if id, ok := shortNameID(shortName(n)); ok && shortName(id) != shortName(n) {
			t.Errorf("%#x and %#x are both ids of %q", n, id, shortName(n))
		}
	})
}

// The long names that were used last are kept, and only these.
func TestLongNames(t *testing.T) {
	var text bytes.Buffer
	names := longNames{log: log.New(&text, "", 0), limit: 100}
	first, ok := names.id(longName(0))
	if !ok || first&specNameBit == 0 || first&hashedNameBit == 0 || first>>63 != 0 {
		t.Fatalf("id %#x, %v", first, ok)
	}
	for i := range 1000 {
		if id, ok := names.id(longName(i)); !ok || i == 0 != (id == first) {
			t.Fatalf("name %d: id %#x, %v", i, id, ok)
		}
		if _, ok := names.name(first); !ok {
			t.Fatalf("a name in use is forgotten after %d others", i)
		}
		if n := len(names.recent) + len(names.older); n > 200 {
			t.Fatalf("%d names are kept, want 200 at most", n)
		}
	}
	for i := 901; i < 1000; i++ {
		id, _ := names.id(longName(i))
		if name, ok := names.name(id); !ok || name != longName(i) {
			t.Errorf("name %d: %q, %v", i, name, ok)
		}
	}
	other, _ := names.id(longName(5)) // which was forgotten
	again, _ := (&longNames{}).id(longName(5))
	if name, ok := names.name(other); !ok || name != longName(5) || again != other {
		t.Errorf("name 5: %q, %v; ids %#x and %#x", name, ok, other, again)
	}
	if n := strings.Count(text.String(), "\n"); n != 1 || !strings.Contains(text.String(), "more than 100 long names") {
		t.Errorf("the log is %q", &text)
	}
}

// One name's bytes are never served as another's.
func TestLongNamesThatCollide(t *testing.T) {
	var text bytes.Buffer
	names := longNames{log: log.New(&text, "", 0)}
	id, _ := names.id(longName(1))
	names.recent[id] = "an intruder"
	if _, ok := names.id(longName(1)); ok {
		t.Error("two names share an id")
	}
	if !strings.Contains(text.String(), "intruder") {
		t.Errorf("the log is %q", &text)
	}
}

func TestLongNamesConcurrently(t *testing.T) {
	names := longNames{log: log.New(t.Output(), "", 0), limit: 50}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				id, _ := names.id(longName(i % 70))
				if name, ok := names.name(id); ok && name != longName(i%70) {
					t.Errorf("%q for name %d", name, i%70)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever is looked up, a name that is used again is the same file.
func TestForgottenName(t *testing.T) {
	f := newFS(t, 3)
	f.names.limit = 10
	before := walk(t, f, longName(1))
	for i := range 100 {
		walk(t, f, longName(i+2))
	}
	var attr fuse.AttrOut
	if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(before.NodeId)}, &attr); status != fuse.Status(stale) {
		t.Errorf("GetAttr of a name that is not kept: %v", status)
	}
	if after := walk(t, f, longName(1)); after != before {
		t.Errorf("%+v, before %+v", after, before)
	}
	if status := f.GetAttr(nil, &fuse.GetAttrIn{InHeader: header(before.NodeId)}, &attr); status != fuse.OK || attr.Attr != before.Attr {
		t.Errorf("GetAttr: %v, %+v", status, attr.Attr)
	}
}

func TestNoTroubleNames(t *testing.T) {
	tr := newFS(t, 0, "slow:1M,latency=1s", "2M,rate=1K:2M,rate=1K").tree
	for _, no := range []bool{false, true} {
		f := New(Options{Tree: tr, NoTroubleNames: no})
		for name, trouble := range map[string]bool{
			"1G": false, "1G,dedup=2": false, longName(1): false, "slow": false, "2M,rate=1K": false,
			"1G,latency=3600s": true, "1G,rate=1K": true, "1G,fail=eio:1%": true, longName(1) + ",latency=1s": true,
		} {
			h, out := header(fuse.FUSE_ROOT_ID), fuse.EntryOut{}
			status := f.Lookup(nil, &h, name, &out)
			if status != fuse.OK || (out.NodeId != 0) != !(no && trouble) || out.EntryTimeout() < valid {
				t.Errorf("NoTroubleNames %v: %s: %v, node %#x", no, name, status, out.NodeId)
			}
		}
	}
}

// A name in the root that another part of the tree has is a spec only if that says
// the same.
func TestNamesOfOtherParts(t *testing.T) {
	same, _ := spec.Parse("1M")
	other, _ := spec.Parse("7")
	for _, part := range []uint64{0, 1} {
		tr, err := tree.New([]tree.Entry{{Pattern: "1M", Spec: same}, {Pattern: "5M", Spec: other}}, tree.Options{Shard: tree.Shard{Index: part, Count: 2}})
		if err != nil {
			t.Fatal(err)
		}
		f := New(Options{Tree: tr})
		for name, size := range map[string]uint64{"1M": 1 << 20, "5M": 7, "2M": 2 << 20} {
			h, out := header(fuse.FUSE_ROOT_ID), fuse.EntryOut{}
			f.Lookup(nil, &h, name, &out)
			_, _, shown := tr.Lookup(tree.Root, name)
			if found := out.NodeId != 0; found != (shown || name != "5M") || found && out.Size != size {
				t.Errorf("part %d: %s, listed: %v, is found: %v, with %d bytes", part, name, shown, found, out.Size)
			}
		}
	}
}

// However many names are looked up, the server's memory has a bound. The first of them
// are still there.
func TestMillionsOfNames(t *testing.T) {
	const names, batch = 200_000, 50_000
	m := mountTest(t, transport.Dev)
	stat := func(name string) syscall.Stat_t {
		var st syscall.Stat_t
		if err := syscall.Stat(m.dir+"/"+name, &st); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return st
	}
	for what, name := range map[string]func(int) string{
		"short": func(i int) string { return strconv.Itoa(i) + "K" },
		"long":  longName,
	} {
		var early int
		first := stat(name(1))
		file, err := os.Open(m.dir + "/" + name(1))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for i := 2; i < names; i++ {
			if st := stat(name(i)); st.Size != int64(i)<<10 {
				t.Fatalf("%s: %d bytes", name(i), st.Size)
			}
			if i == 2*keptNames+batch {
				early = m.memory(t)
			}
		}
		late := m.memory(t)
		t.Logf("%d %s names: %.1f MB after the first %d, %.1f MB at the end", names, what, float64(early)/1e6, 2*keptNames+batch, float64(late)/1e6)
		if late > early+8<<20 {
			t.Errorf("%d %s names: the server's memory has grown from %d to %d bytes", names, what, early, late)
		}
		if st := stat(name(1)); st.Ino != first.Ino || st.Size != first.Size {
			t.Errorf("%s: %+v, before %+v", name(1), st, first)
		}
		if _, err := file.ReadAt(make([]byte, 100), 0); err != nil {
			t.Errorf("%s, which was open meanwhile: %v", name(1), err)
		}
		if again, err := os.Open(m.dir + "/" + name(1)); err != nil {
			t.Errorf("opening %s again: %v", name(1), err)
		} else {
			again.Close()
		}
	}
}
