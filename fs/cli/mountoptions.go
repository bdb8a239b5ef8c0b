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
	set    *pflag.FlagSet
	noexec *bool
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
		switch key {
		case "exec", "noexec":
			*l.noexec = key == "noexec"
			continue
		case "rw", "suid", "dev":
			return fmt.Errorf("option %q: not supported, mounts are always ro,nosuid,nodev", key)
		case "remount":
			return fmt.Errorf("option %q: not supported; unmount, and mount again", key)
		}
		flag := l.flag(key)
		switch {
		case flag == nil:
			return fmt.Errorf("option %q: unknown; see dgenfs mount --help, and write \\, for a comma in a value", key)
		case !given && flag.NoOptDefVal == "":
			return fmt.Errorf("option %q: needs a value, %s=...", key, key)
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
	"defaults", "ro", "nosuid", "nodev", "default_permissions",
	// Times are constant, nothing is written, and there are no symbolic links.
	"atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
	"lazytime", "nolazytime", "iversion", "noiversion", "mand", "nomand",
	"async", "sync", "dirsync", "symfollow", "nosymfollow",
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
