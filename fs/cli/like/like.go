// Package like writes the tree file of a directory that exists, so that a mount has
// files of the same names and sizes, or of the same sizes alone.
//
// It reads names and attributes, never the contents of files, and keeps no more than the
// entries of one directory and of those that it is in, and the first names of files that
// have several.
package like

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/treefile"
)

// Options say how a directory is written.
type Options struct {
	Anonymous bool      // names are replaced by patterns, and only extensions are kept
	Progress  io.Writer // gets a line that overwrites itself, from two seconds on
}

// Report says what was written, and what was not.
type Report struct {
	Files, Dirs uint64 // regular files and directories, with the first one
	Bytes       int64  // of all files together

	Links  uint64 // symbolic links; they are left out if Anonymous, as their targets are names
	Others uint64 // devices, pipes and sockets, which are left out
	Unread uint64 // files and directories that could not be read
	Err    error  // about the first one of these
}

// Write writes a line for each regular file and symbolic link below a directory, and for each
// directory without either below, in the order of their names. The error is about writing, or about the directory itself; of others, Report
// has the first one. Files that are removed meanwhile are not missed.
func Write(w io.Writer, dir string, o Options) (Report, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	b := bufio.NewWriterSize(w, 1<<16)
	l := &lister{Options: o, w: b, shown: time.Now().Add(patience), first: make(map[inode]string)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return l.Report, err
	}
	l.directory(dir, "", entries)
	fmt.Fprint(o.Progress, "\r\x1b[K")
	return l.Report, b.Flush()
}

// patience is how long no progress is shown, interval how long a line of it stays.
const (
	patience = 2 * time.Second
	interval = 200 * time.Millisecond
)

type lister struct {
	Options
	Report
	w     *bufio.Writer
	line  []byte
	shown time.Time        // when progress was shown last
	first map[inode]string // the pattern that a file with several names was written with
}

// file is a regular file.
type file struct {
	name string // or its extension
	size int64
	same inode // if it has several names
}

// inode tells the file that has several names from others; the zero value is none.
type inode struct{ dev, ino uint64 }

// inodeOf returns the inode of a file with several names.
func inodeOf(info fs.FileInfo) inode {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 {
		return inode{uint64(st.Dev), st.Ino}
	}
	return inode{}
}

// directory writes what is below a directory, whose names begin with the pattern
// prefix.
func (l *lister) directory(path, prefix string, entries []os.DirEntry) {
	var files []file
	var dirs []string
	written := false
	for _, e := range entries {
		switch {
		case e.IsDir():
			dirs = append(dirs, e.Name())
		case e.Type()&fs.ModeSymlink != 0:
			l.Links++
			written = l.symlink(filepath.Join(path, e.Name()), prefix+tree.Escape(e.Name())) || written
		case !e.Type().IsRegular():
			l.Others++
		default:
			if info, err := e.Info(); err == nil {
				files = append(files, file{e.Name(), info.Size(), inodeOf(info)})
			} else {
				l.unread(err)
			}
		}
		l.progress()
	}
	if l.Anonymous {
		l.anonymous(prefix, files)
	} else {
		for _, f := range files {
			l.named(prefix+tree.Escape(f.name), f)
		}
	}
	for _, f := range files {
		l.Files++
		l.Bytes += f.size
	}
	written = written || len(files) > 0
	for i, name := range dirs {
		below := filepath.Join(path, name)
		entries, err := os.ReadDir(below)
		if err != nil {
			l.unread(err)
		}
		if len(entries) == 0 && err != nil {
			continue
		}
		pattern := tree.Escape(name)
		if l.Anonymous {
			pattern = fmt.Sprintf("dir-%d", i)
		}
		l.directory(below, prefix+pattern+"/", entries)
		written = true
	}
	if l.Dirs++; !written && prefix != "" {
		l.entry(tree.Entry{Pattern: prefix})
	}
}

// anonymous writes the files of a directory by extension and size: those that are alike
// in one line.
func (l *lister) anonymous(prefix string, files []file) {
	for i := range files {
		files[i].name, files[i].same = extension(files[i].name), inode{}
	}
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.size, b.size))
	})
	for first := 0; first < len(files); {
		last := first
		for last+1 < len(files) && files[last+1] == files[first] {
			last++
		}
		number := fmt.Sprint(first)
		if last > first {
			number = fmt.Sprintf("{%d..%d}", first, last)
		}
		l.file(prefix+"file-"+number+files[first].name, files[first].size)
		first = last + 1
	}
}

// maxExtension is the length of the longest extension that is kept, with the point:
// .safetensors. What is longer is part of a name.
const maxExtension = 12

// extension returns what tells the kind of a file by its name, such as .txt or .tar.gz;
// "" if nothing does.
func extension(name string) string {
	name = strings.TrimLeft(name, ".")
	last := plainExtension(name)
	if before := strings.TrimSuffix(name, last); last != "" && plainExtension(before) == ".tar" {
		return ".tar" + last
	}
	return last
}

func plainExtension(name string) string {
	at := strings.LastIndexByte(name, '.')
	if at < 0 || at+1 == len(name) || len(name)-at > maxExtension {
		return ""
	}
	for _, c := range []byte(name[at+1:]) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return name[at:]
}

// named writes a file, or one more name of it.
func (l *lister) named(pattern string, f file) {
	if f.same == (inode{}) {
		l.file(pattern, f.size)
		return
	}
	if first, ok := l.first[f.same]; ok {
		l.entry(tree.Entry{Pattern: pattern, Link: spec.Link{Kind: spec.Hardlink, Target: tree.EscapeWords(first)}})
		return
	}
	l.first[f.same] = pattern
	l.file(pattern, f.size)
}

func (l *lister) file(pattern string, size int64) {
	l.entry(tree.Entry{Pattern: pattern, Spec: spec.Spec{Size: size}})
}

// symlink writes a symbolic link, and reports whether it has.
func (l *lister) symlink(path, pattern string) bool {
	if l.Anonymous {
		return false
	}
	target, err := os.Readlink(path)
	if err != nil {
		l.unread(err)
		return false
	}
	l.entry(tree.Entry{Pattern: pattern, Link: spec.Link{Kind: spec.Symlink, Target: tree.EscapeTarget(target)}})
	return true
}

func (l *lister) entry(e tree.Entry) {
	l.line = treefile.AppendEntry(l.line[:0], e)
	l.w.Write(l.line) // Flush returns the error
}

func (l *lister) unread(err error) {
	if errors.Is(err, fs.ErrNotExist) {
		return // it was removed
	}
	if l.Unread++; l.Err == nil {
		l.Err = err
	}
}

func (l *lister) progress() {
	if now := time.Now(); now.Sub(l.shown) >= interval {
		l.shown = now
		fmt.Fprintf(l.Progress, "\r\x1b[K%d files in %d directories", l.Files, l.Dirs)
	}
}
