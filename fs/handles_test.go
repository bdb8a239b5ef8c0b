package fs

import (
	"errors"
	"sync"
	"testing"

	"github.com/dgenfs/dgenfs/gen"
)

func newOpenFile(t *testing.T) *openFile {
	t.Helper()
	g, err := gen.New(gen.Config{Size: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &openFile{reader: g}
}

func TestOpenFiles(t *testing.T) {
	var table openFiles
	if table.get(0) != nil || table.get(1<<63) != nil {
		t.Error("an empty table has handles")
	}
	table.remove(7) // of nothing, does nothing

	const n = 3*len(fileChunk{}) + 1
	files := make(map[uint64]*openFile)
	for range n {
		g := newOpenFile(t)
		fh := table.add(g)
		if files[fh] != nil {
			t.Fatalf("handle %d was given out twice", fh)
		}
		files[fh] = g
	}
	for fh, g := range files {
		if table.get(fh) != g {
			t.Fatalf("handle %d finds another file", fh)
		}
	}
	for fh, g := range files {
		table.remove(fh)
		if table.get(fh) != nil {
			t.Fatalf("handle %d is found after its removal", fh)
		}
		if _, err := g.reader.ReadAt(make([]byte, 1), 0); !errors.Is(err, gen.ErrClosed) {
			t.Fatalf("the file of handle %d was not closed: error %v", fh, err)
		}
		table.remove(fh) // once more: must not put it on the free list twice
	}
	if len(table.free) != 4*len(fileChunk{}) {
		t.Errorf("%d handles are free, want %d", len(table.free), 4*len(fileChunk{}))
	}
	// Handles are used again: the table does not grow for ever.
	for range 10 * n {
		table.remove(table.add(newOpenFile(t)))
	}
	if chunks := len(*table.chunks.Load()); chunks != 4 {
		t.Errorf("the table grew to %d chunks, want 4", chunks)
	}
}

// Readers look up handles while others open and close files.
func TestOpenFilesConcurrently(t *testing.T) {
	var table openFiles
	kept := newOpenFile(t)
	fh := table.add(kept)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				var mine []uint64
				for range 5 {
					g, err := gen.New(gen.Config{Size: 1, Threads: 1})
					if err != nil {
						t.Error(err)
						return
					}
					file := &openFile{reader: g}
					h := table.add(file)
					if table.get(h) != file {
						t.Errorf("handle %d finds another file", h)
					}
					mine = append(mine, h)
				}
				if table.get(fh) != kept {
					t.Error("a handle finds another file than the one it was given for")
				}
				for _, h := range mine {
					table.remove(h)
				}
			}
		})
	}
	wg.Wait()
}
