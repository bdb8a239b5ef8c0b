package fs

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/gen"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// The directory .dgenfs in the root has files that describe the mount. It is not
// listed, so that nobody copies it by accident.
const controlName = ".dgenfs"

// controlBit is set in the node ids of that directory, which has no other bit set, and
// of its files, numbered as in FS.control. Positions of the tree are smaller, and
// specNameBit is another bit.
const controlBit = 1 << 61

// controlFile is a file whose contents are made when it is looked at.
type controlFile struct {
	name     string
	contents func() Contents
}

// Contents are what a file holds, of Size bytes; safe for concurrent use.
type Contents interface {
	io.ReaderAt
	Size() int64
}

// controlNode returns what an id with controlBit stands for.
func (f *FS) controlNode(id uint64) (node, bool) {
	id -= controlBit
	if id == 0 {
		return node{dir: true}, true
	}
	if id > uint64(len(f.control)) {
		return node{}, false
	}
	return node{control: &f.control[id-1]}, true
}

// controlLookup finds a name in the directory, or the directory in the root.
func (f *FS) controlLookup(parent uint64, name string) (id uint64, ok bool) {
	if parent == fuse.FUSE_ROOT_ID {
		return controlBit, name == controlName
	}
	if parent == controlBit {
		for i, c := range f.control {
			if c.name == name {
				return controlBit + uint64(i) + 1, true
			}
		}
	}
	return 0, false
}

// setControl makes the files of the directory those of a mount. They are for its owner
// only, unless others are let in, who may then read them like any other file.
func (f *FS) setControl(files []controlFile, allowOther bool) {
	f.control = files
	if !allowOther {
		f.controlMask = 0o500
	}
}

// controlFiles returns the files of the directory.
func (m *Mount) controlFiles(f *FS) []controlFile {
	text := func(text func() string) func() Contents {
		return func() Contents { return strings.NewReader(text()) }
	}
	files := []controlFile{
		{"config", text(func() string { return m.text() + m.about() })},
		{"tree", func() Contents { return m.treeFile }},
		{"stats", text(func() string { s := m.stats(f); return s.json() })},
		{"metrics", text(func() string { s := m.stats(f); return s.metrics() })},
		{"version", text(func() string { return m.version + "\n" })},
	}
	if f.sink != nil {
		files = append(files, controlFile{"writes", text(func() string { return f.sink.text(f) })})
	}
	return files
}

// text writes how the mount is served.
func (m *Mount) text() string { return reportText(m.report, m.readAhead, m.numa) }

// reportText writes a report for people, and for programs that look for the text
// before the colon: what is in force, and after a semicolon, why it is not another.
func reportText(r transport.Report, readAhead, numa string) string {
	onOff := func(whyNot error) string {
		if whyNot == nil {
			return "on"
		}
		return "off; " + whyNot.Error()
	}
	kind := string(r.Kind)
	if r.NoUring != nil {
		kind += "; " + r.NoUring.Error()
	}
	maxRead := fmt.Sprintf("%dK", r.Request>>10)
	if r.Why != "" {
		maxRead += "; " + r.Why
	}
	maxWrite := "none"
	if r.MaxWrite > 0 {
		maxWrite = fmt.Sprintf("%dK", r.MaxWrite>>10)
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"transport", kind},
		{"workers", strconv.Itoa(r.Workers)},
		{"max-read", maxRead},
		{"max-write", maxWrite},
		{"readahead", readAhead},
		{"splice", onOff(r.NoSplice)},
		{"clone", onOff(r.NoClone)},
		{"buffers", fmt.Sprintf("%dK at most", r.MaxMemory>>10)},
		{"implementation", gen.Implementations()[0].String()},
		{"numa", numa},
	} {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	return b.String()
}
