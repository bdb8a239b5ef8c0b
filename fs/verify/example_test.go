package verify_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/fs/verify"
)

// A copy of a file has lost a page.
func ExampleCompare() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s, err := spec.Parse("64K,seed=7")
	if err != nil {
		panic(err)
	}
	r, err := s.Open(s.Config())
	if err != nil {
		panic(err)
	}
	defer r.Close()
	p := make([]byte, s.Size)
	r.ReadAt(p, 0)
	clear(p[8192:12288])
	path := filepath.Join(dir, "copy")
	if err := os.WriteFile(path, p, 0o600); err != nil {
		panic(err)
	}

	empty, err := tree.New(nil, tree.Options{})
	if err != nil {
		panic(err)
	}
	report, err := verify.Compare(context.Background(), verify.Options{
		Tree:    empty,
		Targets: []verify.Target{{Path: path, Spec: "64K,seed=7"}},
	})
	if err != nil {
		panic(err)
	}
	for _, run := range report.Damage {
		fmt.Println(run.Offset, run.Length, run.Kind, run.Text)
	}
	// Output: 8192 4096 zeros zeros; 1 whole page of 4096
}
