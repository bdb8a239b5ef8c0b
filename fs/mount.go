package fs

import (
	"errors"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs/transport"
	"golang.org/x/sys/unix"
)

// MountOptions says how to mount. The zero value of all fields but Placement is
// useful.
type MountOptions struct {
	Source     string         // shown as the device in the mount table; "" means dgenfs
	AllowOther bool           // let users other than the mounting one in
	NoExec     bool           // let nobody execute files
	Labels     []string       // of SELinux, for the kernel: context=LABEL, fscontext=LABEL ..., see mount(8)
	Transport  transport.Kind // how requests travel; "" means transport.Auto
	MaxRead    int            // bytes of the largest read, a multiple of the page size, up to MaxRequest(); 0 means what transport.ChooseRequest says
	ReadAhead  int            // bytes that the kernel reads ahead of mappings, up to MaxReadAhead; NoReadAhead means none, 0 leaves it to the kernel
	Log        *log.Logger    // for errors of the connection; nil means the standard logger

	Placement transport.Placement // has to name a CPU
	NUMA      string              // describes the placement, in one line
	Version   string              // of the program, for .dgenfs/version
	TreeFile  Contents            // that makes the files again, for .dgenfs/tree; nil is empty
	About     func() string       // more lines for .dgenfs/config; nil for none
}

// Mount is a mounted file system.
type Mount struct {
	fs         *FS
	mountpoint string
	device     string // in the mount table; tells it from later mounts on the mount point
	server     *transport.Server
	report     transport.Report
	readAhead  string // what is in force, and why
	numa       string
	version    string
	treeFile   Contents
	about      func() string
	start      time.Time
}

// NewMount mounts f on mountpoint, the absolute path of an empty directory. Readers
// wait until Serve runs.
func NewMount(f *FS, mountpoint string, o MountOptions) (*Mount, error) {
	if o.Source == "" {
		o.Source = "dgenfs"
	}
	m, err := mountOver(f, mountpoint, o)
	if errors.Is(err, transport.ErrNoUring) && o.Transport != transport.Uring {
		// The kernel refused the rings too late for this connection: start another.
		o.Transport = transport.Dev
		whyNot := err
		if m, err = mountOver(f, mountpoint, o); err == nil {
			m.report.NoUring = whyNot
		}
	}
	if err != nil {
		return nil, err
	}
	m.fs = f
	f.setControl(m.controlFiles(f), o.AllowOther)
	return m, nil
}

// mountOver mounts with the transport that o says.
func mountOver(f *FS, mountpoint string, o MountOptions) (*Mount, error) {
	t := transport.Options{Kind: o.Transport, Request: o.MaxRead, Log: o.Log, SlowFiles: f.hasSlowFiles(), MaybeSlow: !f.noTroubleNames, MaxWrite: f.maxWrite(o.MaxRead), Placement: o.Placement}
	switch {
	case t.Request != 0:
	case t.SlowFiles: // each request waits, so its size matters for what a reader gets
		t.Request, t.Why = min(transport.DefaultRequest, MaxRequest()), "the default where files are slow, on every machine"
	default:
		t.Request, t.Why = transport.ChooseRequest(MaxRequest())
	}
	fd, err := openDevice(mountpoint, o, t.Request, t.MaxWrite > 0)
	if err != nil {
		return nil, err
	}
	entry, ok, err := MountedAt(mountpoint)
	if err != nil {
		unix.Close(fd)
		Unmount(mountpoint, true)
		return nil, err
	}
	if !ok {
		unix.Close(fd)
		return nil, errors.New("it is not in the mount table afterwards")
	}
	server, err := transport.New(fd, f, t)
	if err != nil {
		if e := Unmount(mountpoint, true); e != nil {
			return nil, fmt.Errorf("%w; unmounting again: %w", err, e)
		}
		return nil, err
	}
	m := newMount(server, o)
	m.mountpoint, m.device = mountpoint, entry.Device
	// Not before: INIT, which is answered now, can only make it smaller.
	if m.readAhead, err = readAheadOf(m.device).set(o.ReadAhead); err != nil {
		server.Close()
		if e := Unmount(mountpoint, true); e != nil {
			return nil, fmt.Errorf("%w; unmounting again: %w", err, e)
		}
		return nil, err
	}
	return m, nil
}

func newMount(server *transport.Server, o MountOptions) *Mount {
	if o.About == nil {
		o.About = func() string { return "" }
	}
	if o.TreeFile == nil {
		o.TreeFile = strings.NewReader("")
	}
	return &Mount{server: server, report: server.Report(), numa: o.NUMA, version: o.Version, treeFile: o.TreeFile, about: o.About, start: time.Now()}
}

// Serve answers requests until the file system is unmounted and its last user
// is gone. It must be called once.
func (m *Mount) Serve() { m.server.Serve() }

// Unmount detaches the mount; see the function [Unmount]. Serve returns when
// the last user is gone. It returns ErrNotMounted, and leaves alone what may be
// mounted there instead, if the mount is no longer in the mount table.
func (m *Mount) Unmount(lazy bool) error {
	entry, ok, err := MountedAt(m.mountpoint)
	if err != nil {
		return err
	}
	if !ok || entry.Device != m.device {
		return ErrNotMounted
	}
	return Unmount(m.mountpoint, lazy)
}

// Served returns the counts of all reads so far.
func (m *Mount) Served() transport.Served { return m.server.Served() }

// Stats returns what the control file stats has, as JSON.
func (m *Mount) Stats() string { s := m.stats(m.fs); return s.json() }

// Summary describes in one line what is in effect and, for what is not, why.
func (m *Mount) Summary() string {
	return strings.ReplaceAll(strings.TrimSpace(m.text()), "\n", " | ")
}

// maxWrite returns the size of the largest write request in bytes: as large as reads may
// be, if that is more than what is usual; 0 if nothing is written.
func (f *FS) maxWrite(maxRead int) int {
	if f.sink == nil {
		return 0
	}
	return min(max(transport.DefaultMaxWrite, maxRead), MaxRequest())
}

// MaxRequest returns the size of the largest read request that the kernel
// allows, in bytes: 1 MiB, unless root has changed fs.fuse.max_pages_limit.
func MaxRequest() int {
	if text, err := os.ReadFile(maxPagesLimit); err == nil {
		if pages, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return min(pages, maxPages) * os.Getpagesize()
		}
	}
	return 256 * os.Getpagesize() // before Linux 6.13, which has the setting
}

// MaxRequestReason says why the value of MaxRequest is what it is, in words that follow
// it.
func MaxRequestReason() string {
	if _, err := os.Stat(maxPagesLimit); err != nil {
		return ", the largest that kernels before Linux 6.13 allow"
	}
	return ", which the sysctl fs.fuse.max_pages_limit sets"
}

// maxPagesLimit is a setting of the kernel since Linux 6.13.
const maxPagesLimit = "/proc/sys/fs/fuse/max_pages_limit"

// maxPages is the largest value of max_pages in <linux/fuse.h>, a uint16.
const maxPages = 1<<16 - 1
