package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/spf13/pflag"
)

// optionList is the value of -o: it sets the flags of set by the names that they
// have as mount options.
type optionList struct {
	set   *pflag.FlagSet
	extra *extraOptions
}

// extraOptions are the options that are not flags.
type extraOptions struct {
	noExec   bool
	nonEmpty bool     // mount on a directory that is not empty
	source   string   // of fsname=
	labels   []string // context= and the like, as they are
	access   string   // rw or ro, if one of them was given
}

// set sets an option, if it is one of these.
func (e *extraOptions) set(key, value string, given bool) (handled bool, err error) {
	switch key {
	case "exec", "noexec":
		e.noExec = key == "noexec"
	case "rw", "ro":
		e.access = key
	case "nonempty":
		e.nonEmpty = true
	case "fsname":
		e.source = value
	case "subtype":
		if value != "dgenfs" {
			return true, fmt.Errorf("option %q: not supported: the type of a mount is always fuse.dgenfs", key+"="+value)
		}
	case "context", "fscontext", "defcontext", "rootcontext": // of SELinux, see mount(8)
		e.labels = append(e.labels, key+"="+value)
	default:
		return false, nil
	}
	if value == "" && !slices.Contains([]string{"exec", "noexec", "nonempty", "rw", "ro"}, key) {
		return true, fmt.Errorf("option %q: needs a value, as in %s=VALUE", key, key)
	}
	return true, nil
}

// arguments returns the options for a server that does the same.
func (e *extraOptions) arguments() (args []string) {
	var options []string
	if e.noExec {
		options = append(options, "noexec")
	}
	if e.nonEmpty {
		options = append(options, "nonempty")
	}
	if options = append(options, e.labels...); len(options) > 0 {
		args = []string{"-o", joinOptions(options)}
	}
	return args
}

// unsupported are options of mount(8) and of other FUSE file systems that ask for
// what a mount of dgenfs never does, with the reasons.
var unsupported = map[string]string{
	"nosymfollow":      "symbolic links, which a tree may have, are followed; leave them out of the tree",
	"suid":             "mounts are always nosuid,nodev",
	"dev":              "mounts are always nosuid,nodev",
	"remount":          "what is mounted does not change; unmount, and mount again",
	"allow_root":       "use allow_other",
	"umask":            "use mode=, the permissions of the files",
	"fmask":            "use mode=, the permissions of the files",
	"dmask":            "use mode=; a directory can be entered by those who can read",
	"direct_io":        "how a file is read is decided when it is opened, and O_DIRECT works",
	"attr_timeout":     "attributes never change, and are kept for as long as the kernel likes",
	"entry_timeout":    "names never change, and are kept for as long as the kernel likes",
	"negative_timeout": "names never change",
	"ac_attr_timeout":  "attributes never change",
	"auto_cache":       "files never change",
	"use_ino":          "inode numbers are always those of dgenfs, and never change",
	"readdir_ino":      "inode numbers are always those of dgenfs, and never change",
	"hard_remove":      "files that are open are kept when they are removed",
	"max_write":        "it is 1M, or max_read, if that is more",
	"max_background":   "the transport decides; see .dgenfs/config in the mount",
	"max_readahead":    "use readahead=",
	"blkdev":           "there is no block device",
	"blksize":          "st_blksize depends on the file",
	"fd":               "use /dev/fd/N as the mount point",
	"clone_fd":         "the transport decides; see .dgenfs/config in the mount",
	"max_threads":      "use threads=",
	"max_idle_threads": "use threads=",
	"writeback_cache":  "nothing that is written is kept",
}

// optionError is an error about a mount option that was given, in full.
type optionError struct{ error }

func (optionList) String() string { return "" }
func (optionList) Type() string   { return string(help.Options) }

func (l optionList) Set(list string) error {
	if err := l.apply(splitOptions(list)); err != nil {
		return &optionError{err}
	}
	return nil
}

func (l optionList) apply(options []string) error {
	fromMountFuse := isFromMountFuse(options)
	for _, option := range options {
		key, value, given := strings.Cut(option, "=")
		if isIgnored(key) || fromMountFuse && notHonoured[key] {
			continue
		}
		if reason, ok := unsupported[key]; ok {
			return fmt.Errorf("option %q: not supported: %s", option, reason)
		}
		if handled, err := l.extra.set(key, value, given); handled || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		flag := l.flag(key)
		switch {
		case flag == nil:
			return fmt.Errorf("option %q: unknown; see dgenfs mount --help, and write \\, for a comma in a value", key)
		case !given && flag.NoOptDefVal == "":
			return fmt.Errorf("option %q: needs a value, as in %s=VALUE", key, key)
		case !given:
			value = flag.NoOptDefVal
		}
		if err := setOnce(l.set, flag, value); err != nil {
			var invalid *pflag.InvalidValueError
			if errors.As(err, &invalid) {
				err = flagError(flag.Name, value, invalid.Unwrap())
			}
			return err
		}
	}
	return nil
}

// isUnknown reports whether an option means nothing here.
func (l optionList) isUnknown(option string) bool {
	key, value, given := strings.Cut(option, "=")
	handled, _ := l.extra.set(key, value, given)
	return !handled && l.flag(key) == nil && unsupported[key] == ""
}

// flag returns the flag that an option stands for, or nil.
func (l optionList) flag(key string) *pflag.Flag {
	if key == "options" || strings.Contains(key, "-") {
		return nil
	}
	return l.set.Lookup(strings.ReplaceAll(key, "_", "-"))
}

// ignored are options that ask for what every mount is anyway, or that are for
// others, such as mount(8) and systemd.
var ignored = []string{
	// Every mount has these.
	"defaults", "nosuid", "nodev", "default_permissions",
	// Times are constant, and nothing is written.
	"atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
	"lazytime", "nolazytime", "iversion", "noiversion", "mand", "nomand",
	"async", "sync", "dirsync", "symfollow",
	// Other FUSE file systems have these, which ask for what is so anyway.
	"auto_unmount", "big_writes", "kernel_cache", "noauto_cache", "sync_read", "async_read", "intr", "noforget", "splice_read", "splice_write", "splice_move", "atomic_o_trunc",
	// These say when and by whom it is mounted, and how much is printed.
	"auto", "noauto", "user", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup",
	"nofail", "_netdev", "comment", "uhelper", "helper", "silent", "loud",
}

// isIgnored reports whether an option, given without its value, changes nothing.
func isIgnored(key string) bool {
	return strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "X-") || slices.Contains(ignored, key)
}

// notHonoured are options that no mount has. mount(8) passes them to its helpers
// by default.
var notHonoured = map[string]bool{"rw": true, "suid": true, "dev": true}

// isFromMountFuse reports whether options come from mount.fuse of the package
// fuse3, which `mount -t fuse.dgenfs` calls, and which starts this program by its
// name. It always passes one of each of these pairs.
func isFromMountFuse(options []string) bool {
	for _, either := range [][2]string{{"rw", "ro"}, {"suid", "nosuid"}, {"dev", "nodev"}} {
		if !slices.Contains(options, either[0]) && !slices.Contains(options, either[1]) {
			return false
		}
	}
	return true
}

// splitOptions splits a list at its commas, but for those after a backslash and
// those in a value in double quotes, which mount(8) passes on as they are.
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

// quoted returns the length of the quoted value that list begins with; 0 if the
// next quote does not end an option.
func quoted(list string) int {
	n := strings.IndexByte(list[1:], '"') + 2
	if n < 2 || n < len(list) && list[n] != ',' {
		return 0
	}
	return n
}

// joinOptions is the inverse of splitOptions.
func joinOptions(options []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `"`, `\"`)
	var escaped []string
	for _, option := range options {
		escaped = append(escaped, escape.Replace(option))
	}
	return strings.Join(escaped, ",")
}
