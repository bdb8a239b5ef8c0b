package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// Fail says which reads and other calls fail. The zero value is none.
type Fail struct {
	Errno         syscall.Errno // of reads: one that fail= has a name for; 0 if none fails
	First, Length int64         // the range of a file whose reads fail, in bytes; Length is 0 if Share says which
	Share         int64         // of all cells, in billionths: 1 to Billion; 0 if the range says which

	Open    FailCall // open(2) of a file
	Stat    FailCall // looking up the name of a file, as stat(2) and open(2) do
	ReadDir FailCall // listing a directory
}

// FailCall says how many of the files, or directories, a call fails for. The zero value
// is none.
type FailCall struct {
	Errno syscall.Errno
	Share int64 // in billionths: 1 to Billion
}

// failures are the errors that the block layer of Linux returns for a disk that is
// broken, has bad sectors, fails itself, times out, cannot be reached, or is gone
// (blk_errors in block/blk-core.c), that of a wrong checksum, and that of a file on
// NFS that was removed.
var failures = []failure{
	{"eio", syscall.EIO},
	{"enodata", syscall.ENODATA},
	{"eremoteio", syscall.EREMOTEIO},
	{"etimedout", syscall.ETIMEDOUT},
	{"enolink", syscall.ENOLINK},
	{"enxio", syscall.ENXIO},
	{"ebadmsg", syscall.EBADMSG},
	{"estale", syscall.ESTALE},
}

// callFailures are errors that other calls can have besides: of servers that deny
// access, of files that vanish after they were listed, and of files that others have
// locked.
var callFailures = append(slices.Clip(failures),
	failure{"eacces", syscall.EACCES},
	failure{"eperm", syscall.EPERM},
	failure{"enoent", syscall.ENOENT},
	failure{"ebusy", syscall.EBUSY},
)

type failure struct {
	name  string
	errno syscall.Errno
}

// call returns the part of f about a call; nil if there is no such call.
func (f *Fail) call(name string) *FailCall {
	switch name {
	case "open":
		return &f.Open
	case "stat":
		return &f.Stat
	case "readdir":
		return &f.ReadDir
	}
	return nil
}

// calls are those of Fail.call, in canonical order.
var calls = []string{"open", "stat", "readdir"}

// OfReads returns f without what is about other calls.
func (f Fail) OfReads() Fail {
	f.Open, f.Stat, f.ReadDir = FailCall{}, FailCall{}, FailCall{}
	return f
}

// ParseFail reads what fails: a list with a + between its items, each of which is
// ERR@OFFSET+LENGTH or ERR:P% for reads, of which there may be one, or CALL:ERR:P% for
// another call, one for each.
func ParseFail(s string) (Fail, error) {
	var f Fail
	for _, item := range splitList(s) {
		if err := f.parse(item); err != nil {
			return Fail{}, fmt.Errorf("fail %q: %w", Cut(s), err)
		}
	}
	return f, nil
}

// parse reads one item into f.
func (f *Fail) parse(s string) (err error) {
	name, rest, _ := strings.Cut(s, ":")
	if call := f.call(name); call != nil {
		return call.parse(name, rest)
	}
	end := strings.IndexAny(s, "@:")
	if end < 0 {
		return errors.New("must be ERR@OFFSET+LENGTH, as in eio@1G+4K, or ERR:P%, as in eio:0.001%, or CALL:ERR:P%, as in open:eio:1%")
	}
	if f.Errno != 0 {
		return errors.New("reads fail in one way only; give one range, or one share")
	}
	if f.Errno, err = parseErrno(s[:end], failures); err != nil {
		return err
	}
	if s[end] == ':' {
		f.Share, err = parseShare(s[end+1:])
	} else {
		f.First, f.Length, err = parseRange(s[end+1:])
	}
	return err
}

func (c *FailCall) parse(name, s string) (err error) {
	errno, share, ok := strings.Cut(s, ":")
	switch {
	case c.Errno != 0:
		return fmt.Errorf("%s is given twice; give it once", name)
	case !ok:
		return fmt.Errorf("%[1]s must be %[1]s:ERR:P%%, as in %[1]s:eio:1%%", name)
	}
	if c.Errno, err = parseErrno(errno, callFailures); err != nil {
		return err
	}
	c.Share, err = parseShare(share)
	return err
}

func parseErrno(name string, from []failure) (syscall.Errno, error) {
	var names []string
	for _, e := range from {
		names = append(names, e.name)
		if e.name == name {
			return e.errno, nil
		}
	}
	return 0, fmt.Errorf("%q is not one of the errors %s", Cut(name), strings.Join(names, ", "))
}

func errnoName(errno syscall.Errno) string {
	for _, e := range callFailures {
		if e.errno == errno {
			return e.name
		}
	}
	return errno.Error()
}

// String returns what ParseFail turns back into f.
func (f Fail) String() string {
	var items []string
	switch {
	case f.Share != 0:
		items = append(items, errnoName(f.Errno)+":"+FormatShare(uint64(f.Share)))
	case f.Errno != 0:
		items = append(items, errnoName(f.Errno)+"@"+bytesize.Format(f.First)+"+"+bytesize.Format(f.Length))
	}
	for _, name := range calls {
		if c := f.call(name); c.Errno != 0 {
			items = append(items, name+":"+errnoName(c.Errno)+":"+FormatShare(uint64(c.Share)))
		}
	}
	return strings.Join(items, "+")
}
