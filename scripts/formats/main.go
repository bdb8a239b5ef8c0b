// Command formats writes files of package fs/format, or reads them by libraries that
// the project itself does not need:
//
//	formats write FORMAT SIZE|any [KEY=VALUE]... >FILE
//	formats payload FORMAT SIZE|any [KEY=VALUE]... >FILE   what gen says that is in it
//	formats parquet FILE     reads a table with parquet-go and writes its values, column
//	                         by column within a row group
//	formats parquet-again FILE   the same with arrow-go, column by column
//	formats arrow FILE       the same of an Arrow file, with arrow-go
//	formats pt FILE          writes the values of its only tensor, with gopickle
//	formats safetensors FILE, formats gguf FILE   the same, with libraries of these names
//
// The payload's seed is 7.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/gen"
)

var errUsage = errors.New("usage: formats write|payload FORMAT SIZE|any [KEY=VALUE]..., or formats parquet|parquet-again|arrow|pt|safetensors|gguf FILE")

var readers = map[string]func(string, *bufio.Writer) error{
	"parquet": readParquet, "parquet-again": readParquetAgain, "arrow": readArrow, "pt": readTorch, "safetensors": readSafetensors, "gguf": readGGUF,
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "formats:", err)
		os.Exit(1)
	}
}

func run(args []string, to io.Writer) error {
	out := bufio.NewWriterSize(to, 1<<20)
	if len(args) == 2 {
		read, ok := readers[args[0]]
		if !ok {
			return errUsage
		}
		if err := read(args[1], out); err != nil {
			return err
		}
		return out.Flush()
	}
	if len(args) < 3 || args[0] != "write" && args[0] != "payload" {
		return errUsage
	}
	f, err := describe(args[1], args[2], args[3:])
	if err != nil {
		return err
	}
	open := format.Generate(gen.Config{Seed: 7})
	var r io.ReaderAt
	size := f.Size()
	if args[0] == "payload" {
		size = f.PayloadSize()
		r, err = open(size)
	} else {
		r, err = f.Open(open)
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, io.NewSectionReader(r, 0, size)); err != nil {
		return err
	}
	return out.Flush()
}

func describe(name, size string, keys []string) (*format.File, error) {
	d := format.Description{Size: format.Any}
	if size != "any" {
		var err error
		if d.Size, err = bytesize.Parse(size); err != nil {
			return nil, err
		}
	}
	for _, pair := range append([]string{"format=" + name}, keys...) {
		key, value, _ := strings.Cut(pair, "=")
		if err := d.Set(key, value); err != nil {
			return nil, err
		}
	}
	return format.New(d)
}
