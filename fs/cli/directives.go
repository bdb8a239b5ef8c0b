package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/treefile"
	"github.com/spf13/pflag"
)

// directives are the flags that a tree file may give: those that the names, sizes, times
// and bytes of its files, and how these are read, depend on.
var directives = []string{"seed", "generation", "change", "insert", "grow", "delete", "shard", "rate", "latency", "fail", "corrupt", "mode", "uid", "gid", "total", "count"}

// scales are the directives of which one excludes the other.
var scales = []string{"total", "count"}

// direct sets the flags that a tree file gives, but for those that the command line
// gives. It returns all that is wrong with them.
func (m *mountFlags) direct(name string, text []byte) error {
	// What the command line overrides must be right, too.
	var checked mountFlags
	check := newFlags("mount")
	checked.add(check)
	f := m.files.set
	var given []string // by the file
	scaled := slices.ContainsFunc(scales, f.Changed)
	var wrong treefile.Errors
	for _, d := range treefile.Directives(name, text) {
		flag, isFlag := strings.CutPrefix(d.Flag, "--")
		var err error
		switch {
		case !isFlag || !slices.Contains(directives, flag):
			err = fmt.Errorf("%q: not a flag that a tree file may give; there are --%s", spec.Cut(d.Flag), strings.Join(directives, ", --"))
		case !d.HasValue:
			err = fmt.Errorf("--%s: needs a value, as on the command line", flag)
		case slices.Contains(given, flag):
			err = fmt.Errorf("--%s: %w", flag, errTwice)
		default:
			given = append(given, flag)
			err = setChecked(check, flag, d.Value)
			if err == nil && checked.mode&0o222 != 0 {
				err = flagError(flag, d.Value, errWritable)
			}
			if err == nil && !f.Changed(flag) && !(scaled && slices.Contains(scales, flag)) {
				err = setChecked(f, flag, d.Value)
			}
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", d.Origin(), err))
		}
	}
	if wrong != nil {
		return usageError{wrong}
	}
	return nil
}

// setChecked sets a flag, with errors like those about the command line.
func setChecked(f *pflag.FlagSet, name, value string) error {
	err := f.Set(name, value)
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return flagError(name, value, invalid.Unwrap())
	}
	return err
}
