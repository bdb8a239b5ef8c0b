package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/help"
	"github.com/spf13/pflag"
)

// value is the value of a flag, which a function parses: mostly one of package spec,
// which also parses the same in specs and in tree files.
type value[T any] struct {
	to    *T
	text  string // as given, or the default
	kind  help.Kind
	parse func(string) (T, error)
}

func (v *value[T]) String() string { return v.text }

// Type is what the value is completed as.
func (v *value[T]) Type() string { return string(v.kind) }

func (v *value[T]) Set(text string) error {
	x, err := v.parse(text)
	if err != nil {
		return err
	}
	*v.to, v.text = x, text
	return nil
}

// parsed defines a flag in f whose value is parsed into to. text is the default as
// --help shows it; to is left alone unless the flag is given.
func parsed[T any](f *pflag.FlagSet, to *T, name, text string, kind help.Kind, parse func(string) (T, error), usage string) *pflag.Flag {
	return f.VarPF(&value[T]{to, text, kind, parse}, name, "", usage)
}

// choice is the value of a flag that is one of some words.
type choice[T ~string] struct {
	to   *T
	from []T
}

func (c choice[T]) String() string { return string(*c.to) }
func (c choice[T]) Type() string   { return "choice" }

// Choices returns the words, for completion.
func (c choice[T]) Choices() []string {
	var words []string
	for _, word := range c.from {
		words = append(words, string(word))
	}
	return words
}

func (c choice[T]) Set(text string) error {
	if !slices.Contains(c.from, T(text)) {
		return fmt.Errorf("must be %s", help.OrList(c.Choices()))
	}
	*c.to = T(text)
	return nil
}

// whole returns a function that parses a whole number from least to most.
func whole(least, most uint64) func(string) (uint64, error) {
	return func(text string) (uint64, error) {
		n, err := parseWhole(text)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("must be a number from %d to %d", least, most)
		}
		return n, nil
	}
}

// flagError words an error about a flag: its name, its value, and what is wrong.
func flagError(name, value string, cause error) error {
	text := cause.Error()
	switch {
	case strings.HasPrefix(text, name+" "), strings.HasPrefix(text, name+":"):
		return fmt.Errorf("--%w", cause) // rate "0": must ...
	case value == "", strings.Contains(text, strconv.Quote(value)):
		return fmt.Errorf("--%s: %w", name, cause)
	}
	return fmt.Errorf("--%s %s: %w", name, value, cause)
}

// parse parses a command's arguments, of which those that are not flags are left
// in f. Its errors are the user's, but for pflag.ErrHelp after --help.
func parse(f *pflag.FlagSet, args []string) error {
	err := f.ParseAll(args, func(flag *pflag.Flag, value string) error { return setOnce(f, flag, value) })
	var invalid *pflag.InvalidValueError
	var option *optionError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &option):
		return usageError{option}
	case errors.Is(err, errTwice):
		return usageError{err}
	case errors.As(err, &invalid):
		return usageError{flagError(invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())}
	}
	return usagef("%w; see dgenfs %s --help", err, f.Name())
}

// parseWhole parses a whole number: decimal digits, without a sign.
func parseWhole(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		err = errors.New("must be a whole number")
	}
	return n, err
}

// errTwice is wrapped by the error about a flag that was given twice.
var errTwice = errors.New("given twice")

// setOnce sets a flag of f. Which of two values was meant cannot be known, so there
// must not be two, unless it is a flag that collects them.
func setOnce(f *pflag.FlagSet, flag *pflag.Flag, value string) error {
	_, isList := flag.Value.(pflag.SliceValue)
	if isOptions := flag.Value.Type() == string(help.Options); flag.Changed && !isList && !isOptions {
		if before := flag.Value.String(); before != value {
			return fmt.Errorf("--%s: %w, as %s and as %s", flag.Name, errTwice, before, value)
		}
		return fmt.Errorf("--%s %s: %w", flag.Name, value, errTwice)
	}
	return f.Set(flag.Name, value)
}
