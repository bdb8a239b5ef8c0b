package fs

import (
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
)

// Small files are put into the kernel's page cache when they are opened; not those that
// have to be read to be slow, to fail or to be damaged, nor any that may be written.
func TestStoreSize(t *testing.T) {
	files := []string{"1:1", "64k:64K", "more:65537", "empty:0", "text:10K,texture=text", "f.png:20K,format=png",
		"rate:1K,rate=1K", "latency:1K,latency=1s", "fail:1K,fail=eio:1%", "corrupt:1K,corrupt=bit:1%", "open:1K,fail=open:eio:0.001%"}
	want := map[string]int{"1": 1, "64k": 64 << 10, "more": 0, "empty": 0, "text": 10 << 10, "f.png": 20 << 10,
		"rate": 0, "latency": 0, "fail": 0, "corrupt": 0, "open": 1 << 10, "5K": 5 << 10, "1G": 0, ".dgenfs/config": 0}
	f := newFS(t, 0, files...)
	f.control = []controlFile{{"config", func() Contents { return strings.NewReader("text") }}}
	for path, want := range want {
		if got := f.StoreSize(open(t, f, path)); got != want {
			t.Errorf("%s: %d bytes, want %d", path, got, want)
		}
	}
	if got := f.StoreSize(1 << 40); got != 0 {
		t.Errorf("a handle that was never given out: %d bytes", got)
	}
	slow := withTrouble(t, spec.Trouble{Rate: 1000}, "a:1K")
	if got := slow.StoreSize(open(t, slow, "a")); got != 0 {
		t.Errorf("of a mount with a rate: %d bytes", got)
	}
	s := newTestSink(t, Sink{Check: true}, "a:1K")
	if got := s.StoreSize(open(t, s.FS, "a")); got != 0 {
		t.Errorf("of a mount that takes writes: %d bytes", got)
	}
}
