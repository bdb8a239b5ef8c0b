package cli

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs"
	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/transport"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/spf13/pflag"
)

// mountFlags are the flags of the commands that mount.
type mountFlags struct {
	set        *pflag.FlagSet // tells which of them were given
	files      namespaceFlags
	view       viewFlags
	seed       string
	uid, gid   int64
	mode       string
	noexec     bool // an option that is no flag
	allowOther bool
	transport  string
	maxRead    string
	rate       string
	latency    string
	fail       string
	numa       numaFlags
	log        string
	foreground bool
}

// add defines the flags in f. What is a flag --a-b=c is also -o a_b=c.
func (m *mountFlags) add(f *pflag.FlagSet) {
	m.set = f
	m.files.add(f)
	f.StringVar(&m.seed, "seed", "0", "`SEED` of all files whose spec has none: a number, or \"random\" to draw one and print it")
	m.view.add(f)
	f.Int64Var(&m.uid, "uid", 0, "owner of the files, a user's number `UID` (default: who mounts)")
	f.Int64Var(&m.gid, "gid", 0, "group of the files, `GID` (default: that of who mounts)")
	f.StringVar(&m.mode, "mode", "0444", "permissions of the files, octal `MODE` without those to write; a folder can be\nentered by those who can read")
	f.BoolVar(&m.allowOther, "allow-other", false, "let other users in; needs root, or user_allow_other in /etc/fuse.conf")
	f.StringVar(&m.transport, "transport", string(transport.Auto), "how the kernel passes reads on: `auto|dev|uring`. uring is FUSE over io_uring, for\nLinux 6.14 and later where root has enabled it; auto takes it if it is there")
	f.StringVar(&m.maxRead, "max-read", "", "largest request that the kernel makes of a read, `SIZE` (default: 512K)")
	f.StringVar(&m.rate, "rate", "", "bytes a second, a `SIZE`, that all readers of the mount get together (default: no\nlimit); those of a file: rate= in its SPEC")
	f.StringVar(&m.latency, "latency", "", "answer no read request earlier than this `TIME` after it came: 2ms, 1.5s, 50us;\nof files whose SPEC has no latency=")
	f.StringVar(&m.fail, "fail", "", "let reads fail: with `ERR@OFFSET+LENGTH`, eio@1G+4K, those that touch this range;\nwith ERR:P%, eio:0.001%, those that touch any of this share of all cells of 4K,\nalways the same ones; of files whose SPEC has no fail=")
	m.numa.add(f)
	f.StringVar(&m.log, "log", "", "append what goes wrong in the background to `FILE` (default: syslog)")
	f.VarP(optionList{set: f, noexec: &m.noexec}, "options", "o", "any of the flags as mount(8) writes them, `OPT[,OPT]...`:\n-o size=64G,allow_other; a comma inside of a value is written \\,")
}

// config is what the flags mean.
type config struct {
	namespace
	view       tree.Options
	seed       uint64
	seedDrawn  bool // by chance, so that the user has to be told
	uid, gid   uint32
	mode       uint32 // permission bits of files
	noexec     bool
	allowOther bool
	transport  transport.Kind
	maxRead    int // bytes; 0 means the default
	trouble    spec.Trouble
	placement  *placement
	log        string
}

// config checks the flags. Its errors are the user's.
func (m *mountFlags) config() (config, error) {
	c := config{
		uid:        uint32(os.Geteuid()),
		gid:        uint32(os.Getegid()),
		allowOther: m.allowOther,
		noexec:     m.noexec,
		log:        m.log,
	}
	var err error
	if m.seed == "random" {
		var b [8]byte
		rand.Read(b[:]) // never fails
		c.seed, c.seedDrawn = binary.LittleEndian.Uint64(b[:]), true
	} else if c.seed, err = spec.ParseSeed(m.seed); err != nil {
		return c, usagef("--seed: %w, or random", err)
	}
	if c.view, err = m.view.options(); err != nil {
		return c, err
	}
	c.view.Seed = c.seed
	if c.namespace, err = m.files.namespace(c.view); err != nil {
		return c, err
	}
	for _, id := range []struct {
		flag string
		from int64
		to   *uint32
	}{{"uid", m.uid, &c.uid}, {"gid", m.gid, &c.gid}} {
		if !m.set.Changed(id.flag) {
			continue
		}
		// The last number means "nobody in particular" to the kernel.
		if id.from < 0 || id.from >= math.MaxUint32 {
			return c, usagef("--%s %d: must be a number from 0 to %d", id.flag, id.from, uint32(math.MaxUint32-1))
		}
		*id.to = uint32(id.from)
	}
	if c.mode, err = m.permissions(); err != nil {
		return c, err
	}
	if c.transport = transport.Kind(m.transport); !slices.Contains(transport.Kinds, c.transport) {
		return c, usagef("--transport %s: must be auto, dev or uring", m.transport)
	}
	if m.set.Changed("max-read") {
		size, err := spec.ParseSize(m.maxRead)
		if err != nil {
			return c, usagef("--max-read: %w", err)
		}
		page := int64(os.Getpagesize())
		if most := int64(fs.MaxRequest()); size < page || size > most || size%page != 0 {
			return c, usagef("--max-read %s: must be a multiple of %d, the size of a page, up to %d; the sysctl fs.fuse.max_pages_limit sets the limit", m.maxRead, page, most)
		}
		c.maxRead = int(size)
	}
	if c.trouble, err = m.trouble(); err != nil {
		return c, err
	}
	c.placement, err = m.numa.placement()
	return c, err
}

// arguments returns the flags that make the same mount of a tree file, as far as its
// files look different without.
func (c *config) arguments() []string {
	args := []string{"--seed", strconv.FormatUint(c.seed, 10)}
	args = append(args, viewArguments(c.view)...)
	for key, value := range c.trouble.All() {
		args = append(args, "--"+key, value)
	}
	args = append(args, "--mode", fmt.Sprintf("%04o", c.mode))
	return append(args, "--uid", fmt.Sprint(c.uid), "--gid", fmt.Sprint(c.gid))
}

// trouble returns what files are to suffer.
func (m *mountFlags) trouble() (t spec.Trouble, err error) {
	if m.set.Changed("rate") {
		if t.Rate, err = spec.ParseRate(m.rate); err != nil {
			return t, usagef("--%w", err)
		}
	}
	if m.set.Changed("latency") {
		if t.Latency, err = spec.ParseLatency(m.latency); err != nil {
			return t, usagef("--%w", err)
		}
	}
	if m.set.Changed("fail") {
		if t.Fail, err = spec.ParseFail(m.fail); err != nil {
			return t, usagef("--%w", err)
		}
	}
	return t, nil
}

// permissions returns the permission bits of files.
func (m *mountFlags) permissions() (uint32, error) {
	mode, err := strconv.ParseUint(m.mode, 8, 32)
	if err != nil || mode&^0o555 != 0 || mode&0o444 == 0 {
		return 0, usagef("--mode %s: must be octal, of bits to read and to execute only, some of them to read: 0444, 0440, 0555", m.mode)
	}
	return uint32(mode), nil
}

// optionList sets flags of set by the names that they have as mount options.
type optionList struct {
	set    *pflag.FlagSet
	noexec *bool
}

func (optionList) String() string { return "" }
func (optionList) Type() string   { return "options" }

func (l optionList) Set(list string) error {
	options := splitOptions(list)
	fromMountFuse := isFromMountFuse(options)
	for _, option := range options {
		key, value, given := strings.Cut(option, "=")
		if isIgnored(key) || fromMountFuse && notHonoured[key] {
			continue
		}
		switch key {
		case "exec", "noexec":
			*l.noexec = key == "noexec"
			continue
		case "rw", "suid", "dev":
			return fmt.Errorf("option %q cannot be had: every mount is ro,nosuid,nodev; leave it out", key)
		case "remount":
			return fmt.Errorf("option %q cannot be had: what is mounted does not change; unmount, and mount again", key)
		}
		name := strings.ReplaceAll(key, "_", "-")
		flag := l.set.Lookup(name)
		if !l.knows(key) {
			return fmt.Errorf("option %q is unknown", key)
		}
		if !given {
			if flag.NoOptDefVal == "" {
				return fmt.Errorf("option %q needs a value: %s=...", key, key)
			}
			value = flag.NoOptDefVal
		}
		if err := l.set.Set(name, value); err != nil {
			return errors.Unwrap(err)
		}
	}
	return nil
}

// knows reports whether an option stands for a flag.
func (l optionList) knows(key string) bool {
	name := strings.ReplaceAll(key, "_", "-")
	return name != "options" && l.set.Lookup(name) != nil && !strings.Contains(key, "-")
}

// ignored are options that say what is so in any case, or that are for others,
// like mount(8) and systemd.
var ignored = []string{
	// Every mount has these.
	"defaults", "ro", "nosuid", "nodev", "default_permissions",
	// Times are constant, nothing is written, and there are no symbolic links.
	"atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
	"lazytime", "nolazytime", "iversion", "noiversion", "mand", "nomand",
	"async", "sync", "dirsync", "symfollow", "nosymfollow",
	// These are about when, by whom, and with how much noise it is mounted.
	"auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup",
	"nofail", "_netdev", "comment", "uhelper", "helper", "silent", "loud",
}

// isIgnored reports whether an option, without its value, changes nothing.
func isIgnored(key string) bool {
	return strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "X-") || slices.Contains(ignored, key)
}

// notHonoured are the options that a mount never has. mount(8) hands them to
// its helpers all the same, if nobody has asked for the contrary.
var notHonoured = map[string]bool{"rw": true, "suid": true, "dev": true}

// isFromMountFuse reports whether options come from mount.fuse of the package
// fuse3, which `mount -t fuse.dgenfs` calls, and which starts this program by its
// name. It tells about each of the three, even if it was told nothing.
func isFromMountFuse(options []string) bool {
	for _, either := range [][2]string{{"rw", "ro"}, {"suid", "nosuid"}, {"dev", "nodev"}} {
		if !slices.Contains(options, either[0]) && !slices.Contains(options, either[1]) {
			return false
		}
	}
	return true
}

// splitOptions splits at commas that have no backslash before them, and are not
// in a value in double quotes, which mount(8) takes and passes on.
func splitOptions(list string) []string {
	var options []string
	var b strings.Builder
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '\\' && i+1 < len(list):
			i++
			b.WriteByte(list[i])
		case list[i] == '"' && i > 0 && list[i-1] == '=' && quoted(list[i:]) > 0:
			n := quoted(list[i:])
			b.WriteString(list[i+1 : i+n-1])
			i += n - 1
		case list[i] == ',':
			options = append(options, b.String())
			b.Reset()
		default:
			b.WriteByte(list[i])
		}
	}
	return append(options, b.String())
}

// quoted returns the length of the value in quotes that list begins with, 0 if
// the next quote is not the end of an option.
func quoted(list string) int {
	n := strings.IndexByte(list[1:], '"') + 2
	if n < 2 || n < len(list) && list[n] != ',' {
		return 0
	}
	return n
}

// joinOptions makes a list that splitOptions splits into options.
func joinOptions(options []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `"`, `\"`)
	var escaped []string
	for _, option := range options {
		escaped = append(escaped, escape.Replace(option))
	}
	return strings.Join(escaped, ",")
}
