package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/cli/top"
	"github.com/dgenfs/dgenfs/fs/spec"
	"golang.org/x/sys/unix"
)

// Bounds of --interval, and how long a server may take to answer.
const (
	minInterval = 100 * time.Millisecond
	topPatience = 10 * time.Second
)

func topCommand() help.Command {
	f := newFlags("top")
	o := top.Options{Interval: time.Second, Stdin: os.Stdin}
	f.BoolVarP(&o.Once, "once", "1", false, "print what happens in one interval, and end")
	f.BoolVar(&o.JSON, "json", false, "print JSON, a line for each interval")
	parsed(f, &o.Interval, "interval", "1s", "", parseInterval, "look every `TIME`: 0.1s to 3600s (default: 1s)")
	return help.Command{
		Name:    "top",
		Usage:   "dgenfs top [flags] [MOUNTPOINT]",
		Summary: "show what a mount does, as it does it",
		Text: `Shows what is read from a mount, and written to it: rates now, on average and at
most, a curve of the last minute, requests by kind and by size, latencies, the memory
of the server, and the files that are busiest. Without MOUNTPOINT there must be one
mount of dgenfs. On a terminal it takes the screen; the key ? lists the others.
Elsewhere it prints the same as text for each interval.

  dgenfs top /mnt/synth
  dgenfs top --once --json --interval 10s /mnt/synth | jq .read.bytes_per_second.now

It ends with status 1 when the mount has gone or does not answer any more.
`,
		Flags:   f,
		Operand: help.Mount,
		Run: func(args []string, stdout, _ io.Writer) error {
			if len(args) > 1 {
				return usagef("top takes one MOUNTPOINT, got %q as well; see dgenfs top --help", args[1])
			}
			var err error
			if o.Mountpoint, err = mountToWatch(args); err != nil {
				return err
			}
			var ok bool
			if o.Stdout, ok = stdout.(*os.File); !ok {
				return errors.New("top prints to a file alone")
			}
			return watch(o)
		},
	}
}

func parseInterval(text string) (time.Duration, error) {
	d, err := spec.ParseLatency(text)
	if err != nil || d < minInterval {
		return 0, errors.New("must be a time from 0.1s to 3600s, such as 500ms or 2s")
	}
	return d, nil
}

// mountToWatch returns the mount point that arguments name, or that of the only mount.
func mountToWatch(args []string) (string, error) {
	if len(args) == 0 {
		mounts, err := fs.Mounts()
		if err != nil {
			return "", err
		}
		var paths []string
		for _, m := range mounts {
			paths = append(paths, m.Path)
		}
		switch len(paths) {
		case 0:
			return "", usagef("top: dgenfs is not mounted anywhere")
		case 1:
			return paths[0], nil
		}
		return "", usagef("top takes one MOUNTPOINT: %s", help.OrList(paths))
	}
	resolved, err := resolve(args[0])
	if err != nil {
		return "", usagef("watching %s: %w", args[0], err)
	}
	mounted, ok, err := fs.MountedAt(resolved)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", usagef("watching %s: nothing is mounted there", args[0])
	case mounted.Type != fs.FSType:
		return "", usagef("watching %s: %s (%s) is mounted there, not dgenfs", args[0], mounted.Source, mounted.Type)
	}
	return resolved, nil
}

// watch shows a mount, through another process that reads it; see prober.
func watch(o top.Options) error {
	p, err := startProber(o.Mountpoint)
	if err != nil {
		return fmt.Errorf("watching %s: %w", o.Mountpoint, err)
	}
	defer p.close()
	o.Read = func() ([]byte, error) { return p.read(topPatience) }
	err = top.Run(o)
	var signal top.Signalled
	switch {
	case err == nil:
		return nil
	case errors.As(err, &signal):
		return exitCode(exit.Signal + int(signal.Signal))
	case errors.Is(err, errNoAnswer):
		err = fmt.Errorf("the server has not answered for %v", topPatience)
	case errors.Is(err, unix.ENOTCONN), errors.Is(err, unix.ECONNABORTED):
		err = errors.New("its server has ended")
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		err = errors.New("dgenfs is not mounted there any more")
	case errors.Is(err, os.ErrPermission):
		err = errors.New("another user has mounted it, without --allow-other")
	}
	return fmt.Errorf("watching %s: %s", o.Mountpoint, strings.TrimSpace(err.Error()))
}
