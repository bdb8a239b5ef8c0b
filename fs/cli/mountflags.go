package cli

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/spf13/pflag"
)

// mountFlags are the flags of the commands that mount.
type mountFlags struct {
	set          *pflag.FlagSet // for which of them were given
	files        namespaceFlags
	view         viewFlags
	numa         numaFlags
	seed         mountSeed
	uid, gid     uint32
	mode         uint32
	extra        extraOptions
	allowOther   bool
	troubleNames bool
	sink         fs.Sink
	transport    transport.Kind
	maxRead      int
	readAhead    int
	trouble      spec.Trouble
	log          string
}

// mountSeed is the seed of the files whose spec has none.
type mountSeed struct {
	value uint64
	drawn bool // by chance, so that the user has to be told
}

// add defines the flags in f. What is a flag --a-b=c is also -o a_b=c.
func (m *mountFlags) add(f *pflag.FlagSet) {
	m.uid, m.gid, m.mode, m.transport = uint32(os.Geteuid()), uint32(os.Getegid()), 0o444, transport.Auto
	m.set = f
	m.files.add(f)
	f.Var(&m.seed, "seed",
		"`SEED` of all files whose SPEC has none: a number, or \"random\" to draw one and print it")
	m.view.add(f)
	parsed(f, &m.uid, "uid", "", "", parseID, "owner of the files, a user `ID` (default: the user who mounts)")
	parsed(f, &m.gid, "gid", "", "", parseID, "group of the files, a group `ID` (default: the group of the user who mounts)")
	parsed(f, &m.mode, "mode", "0444", "", parseMode,
		"permissions of the files, an octal `MODE`; a directory can be entered by those who can read. Write permission needs --accept-writes or --discard, with which the default is 0644")
	f.BoolVar(&m.allowOther, "allow-other", false, "let other users in; needs root, or user_allow_other in /etc/fuse.conf")
	f.BoolVar(&m.troubleNames, "trouble-names", true,
		"let names in the root be a SPEC with rate=, latency=, fail= or corrupt=, whose readers can keep others waiting (default: true, but false with --allow-other)")
	f.Var(choice[transport.Kind]{&m.transport, transport.Kinds}, "transport",
		"how the kernel passes requests: `auto|dev|uring`. uring is FUSE over io_uring, for Linux 6.14 and later where root has enabled it; auto takes it where it is available")
	parsed(f, &m.maxRead, "max-read", "", "", parseMaxRead, "largest read request that the kernel makes, a `SIZE` (default: 512K, or 1M on AMD CPUs where replies go through pipes)")
	parsed(f, &m.readAhead, "readahead", "", "", parseReadAhead,
		"how much the kernel reads ahead of mappings, a `SIZE`; needs root (default: the kernel's, 128K)")
	parsed(f, &m.trouble.Rate, "rate", "", "", spec.ParseRate,
		"bytes per second, a `SIZE`, for all readers of the mount together (default: no limit); for one file: rate= in its SPEC")
	parsed(f, &m.trouble.Latency, "latency", "", "", spec.ParseLatency,
		"answer no read request sooner than this `TIME` after it came: 2ms, 1.5s, 50us; for files whose SPEC has no latency=")
	parsed(f, &m.trouble.Fail, "fail", "", "", spec.ParseFail,
		"make reads fail: with `ERR@OFFSET+LENGTH`, such as eio@1G+4K, those that touch this range; with ERR:P%, such as eio:0.001%, those that touch this share of all cells of 4K, always the same ones; with CALL:ERR:P%, such as open:eio:1%, make CALL fail for this share of the files, or directories: open, stat or readdir; several with + between them; for files whose SPEC has no fail=")
	parsed(f, &m.trouble.Corrupt, "corrupt", "", "", spec.ParseCorrupt,
		"damage what is read: with `KIND:P%`, such as bit:0.001%, this share of all cells of 4K, always the same ones; with KIND@OFFSET or KIND@OFFSET+LENGTH, this place; KIND is bit, zero, stale (the generation before), swap (another place's bytes), torn, or short (reads end there); several with + between them; for files whose SPEC has no corrupt=")
	f.BoolVar(&m.sink.Check, "accept-writes", false,
		"let files be written, compare what is written with what they contain, and store nothing: a difference gets EIO, and is logged and counted")
	f.BoolVar(&m.sink.Discard, "discard", false,
		"let any file or directory be made, and drop what is written: a null sink. With --accept-writes, files that the mount has are compared all the same")
	m.numa.add(f)
	parsed(f, &m.log, "log", "", help.File, unchecked, "append messages from the background to `FILE` (default: syslog)")
	f.VarP(optionList{f, &m.extra}, "options", "o",
		"any of these flags as mount(8) writes them, `OPT[,OPT]...`: -o size=64G,allow_other; a comma in a value is written \\,")
}

// config is what the flags mean.
type config struct {
	namespace
	view         tree.Options
	seed         mountSeed
	uid, gid     uint32
	owner        []string // --uid and --gid, if they were given
	mode         uint32   // permission bits of files
	extra        extraOptions
	allowOther   bool
	troubleNames bool // names in the root may be specs of slow or failing files
	sink         fs.Sink
	transport    transport.Kind
	maxRead      int // bytes; 0 means the default
	readAhead    int // as in fs.MountOptions
	trouble      spec.Trouble
	placement    *placement
	log          string
}

// config checks the flags, and sets those that a tree file gives. Its errors are the
// user's.
func (m *mountFlags) config() (config, error) {
	c, err := m.contents()
	if err == nil {
		c.placement, err = m.numa.placement()
	}
	return c, err
}

// contents is config without what depends on this machine.
func (m *mountFlags) contents() (config, error) {
	treeText, err := m.files.readTree()
	if err != nil {
		return config{}, err
	}
	if err := m.direct(m.files.directing(treeText)); err != nil {
		return config{}, err
	}
	c := config{
		seed:         m.seed,
		uid:          m.uid,
		gid:          m.gid,
		mode:         m.mode,
		extra:        m.extra,
		allowOther:   m.allowOther,
		troubleNames: m.troubleNames,
		sink:         m.sink,
		transport:    m.transport,
		maxRead:      m.maxRead,
		readAhead:    m.readAhead,
		trouble:      m.trouble,
		log:          m.log,
	}
	if err := c.setAccess(m); err != nil {
		return config{}, err
	}
	if m.allowOther && !m.set.Changed("trouble-names") {
		c.troubleNames = false
	}
	if m.files.set.Changed("uid") {
		c.owner = append(c.owner, "--uid", fmt.Sprint(c.uid))
	}
	if m.files.set.Changed("gid") {
		c.owner = append(c.owner, "--gid", fmt.Sprint(c.gid))
	}
	if c.view, err = m.view.options(m.seed.value); err != nil {
		return c, err
	}
	if c.namespace, err = m.files.namespace(c.view, treeText); err != nil {
		return c, err
	}
	return c, checkStale(c.tree, c.trouble.Corrupt)
}

// checkStale returns an error if stale bytes are asked for of files that have no
// generation before.
func checkStale(t *tree.Tree, all spec.Corrupt) error {
	i := 0
	for s := range t.Specs() {
		s = t.History().Of(s, 0)
		flag := ""
		if s.Trouble.Corrupt == (spec.Corrupt{}) && all != (spec.Corrupt{}) {
			s.Trouble.Corrupt = all
			flag = "--corrupt " + all.String() + ": "
		}
		if err := s.CheckStale(); err != nil {
			return usagef("%s%q: %w, or --generation 1 --change 2%%", flag, t.Entry(i).Pattern, err)
		}
		i++
	}
	return nil
}

// arguments returns the flags that, with the tree file of the mount, make the same
// mount again, as far as one can tell from its files. Those are of whoever mounts it,
// unless it was said whose they are.
func (c *config) arguments() []string {
	args := []string{"--seed", strconv.FormatUint(c.seed.value, 10)}
	args = append(args, viewArguments(c.view)...)
	args = append(args, troubleArguments(c.trouble)...)
	// Without write permission: that is for those who want the mount to be a sink.
	args = append(args, "--mode", fmt.Sprintf("%04o", c.mode&^0o222))
	return append(args, c.owner...)
}

// troubleArguments returns the flags that say the same as t.
func troubleArguments(t spec.Trouble) (args []string) {
	if t.Rate != 0 {
		args = append(args, "--rate", bytesize.Format(t.Rate))
	}
	if t.Latency != time.Duration(0) {
		args = append(args, "--latency", spec.FormatLatency(t.Latency))
	}
	if t.Fail != (spec.Fail{}) {
		args = append(args, "--fail", t.Fail.String())
	}
	if t.Corrupt != (spec.Corrupt{}) {
		args = append(args, "--corrupt", t.Corrupt.String())
	}
	return args
}

// String returns a seed that was drawn as a number: a server that is started with
// it has the same one.
func (s *mountSeed) String() string { return strconv.FormatUint(s.value, 10) }
func (s *mountSeed) Type() string   { return "seed" }

func (s *mountSeed) Set(text string) (err error) {
	s.drawn = text == "random"
	if s.drawn {
		var b [8]byte
		rand.Read(b[:]) // never fails
		s.value = binary.LittleEndian.Uint64(b[:])
		return nil
	}
	if s.value, err = spec.ParseSeed(text); err != nil {
		err = fmt.Errorf("%w, or random", err)
	}
	return err
}

// parseID reads the number of a user or a group. To the kernel, the largest one
// stands for none.
func parseID(text string) (uint32, error) {
	n, err := whole(0, math.MaxUint32-1)(text)
	return uint32(n), err
}

var errWritable = errors.New("must have write permission for nobody, such as 0444, 0440 or 0555")

var errMode = errors.New("must be octal permissions, with which somebody can read, such as 0444, 0440 or 0555")

// parseMode reads the permission bits of files.
func parseMode(text string) (uint32, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode&^0o777 != 0 || mode&0o444 == 0 {
		return 0, errMode
	}
	return uint32(mode), nil
}

// parseMaxRead reads the size of the largest read request.
func parseMaxRead(text string) (int, error) {
	size, err := bytesize.Parse(text)
	if err != nil {
		return 0, err
	}
	page := int64(os.Getpagesize())
	if most := int64(fs.MaxRequest()); size < page || size > most || size%page != 0 {
		return 0, fmt.Errorf("must be a multiple of the page size, %d, up to %d%s", page, most, fs.MaxRequestReason())
	}
	return int(size), nil
}

// parseReadAhead reads how much the kernel is to read ahead. 0 means nothing.
func parseReadAhead(text string) (int, error) {
	size, err := bytesize.Parse(text)
	if err != nil {
		return 0, err
	}
	page := int64(os.Getpagesize())
	if size < 0 || size > fs.MaxReadAhead || size%page != 0 {
		return 0, fmt.Errorf("must be 0 or a multiple of the page size, %d, up to %s", page, bytesize.Format(fs.MaxReadAhead))
	}
	if size == 0 {
		return fs.NoReadAhead, fs.CheckReadAhead()
	}
	return int(size), fs.CheckReadAhead()
}

// unchecked reads anything.
func unchecked(text string) (string, error) { return text, nil }

// arguments returns the flags of f, to which m was added, that a server of the same
// mount is started with.
func (m *mountFlags) arguments(f *pflag.FlagSet) (args []string) {
	f.Visit(func(flag *pflag.Flag) {
		if flag.Name == "options" || flag.Name == "foreground" || flag.Name == "verbose" {
			return // the flags that -o has set follow
		}
		values := []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			if value != "" && value == flag.NoOptDefVal {
				args = append(args, "--"+flag.Name)
			} else {
				args = append(args, "--"+flag.Name+"="+value)
			}
		}
	})
	return append(args, m.extra.arguments()...)
}
