package tree_test

import (
	"fmt"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

func Example() {
	mail := spec.Spec{Size: 20 << 10, Dedup: 1, Unit: spec.DefaultUnit, Compress: 2}
	t, err := tree.New([]tree.Entry{
		{Pattern: "home/user{00..99}/mail/{000000..999999}.eml", Spec: mail},
		{Pattern: "home/user{00..99}/{8..12}.tmp", Spec: spec.Spec{Size: 0}},
	}, tree.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Files(), "files in", t.Dirs(), "directories")

	home, _, _ := t.Lookup(tree.Root, "home")
	user, _, _ := t.Lookup(home, "user42")
	for c := range t.ReadDir(user, 1) { // child 0 is mail
		fmt.Println(string(t.AppendPath(nil, c.ID)))
	}
	// Output:
	// 100000500 files in 202 directories
	// home/user42/8.tmp
	// home/user42/9.tmp
	// home/user42/10.tmp
	// home/user42/11.tmp
	// home/user42/12.tmp
}
