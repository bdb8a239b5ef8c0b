// Dgenfs mounts a directory of files that do not exist: their bytes are
// generated while they are read.
package main

import (
	"os"

	"github.com/dgenfs/dgenfs/fs/cli"
)

func main() {
	os.Exit(cli.Main(os.Args, os.Stdout, os.Stderr))
}
