package spec_test

import (
	"fmt"

	"github.com/dgenfs/dgenfs/fs/spec"
)

func Example() {
	s, err := spec.Parse("65536MiB,compress=2.50,dedup=3,unit=128K")
	fmt.Println(s.Size, s.Dedup, s.Compress, err)
	fmt.Println(s)

	_, err = spec.Parse("64G,dedup=0.5")
	fmt.Println(err)
	// Output:
	// 68719476736 3 2.5 <nil>
	// 64G,dedup=3,compress=2.5
	// dedup "0.5": a ratio is a plain number of 1 or more, such as 3 or 1.25
}

// Mails of 20K, each of which occurs four times on average: every one of them is
// one unit, cut short.
func ExampleSpec_Member() {
	s, err := spec.Parse("20K,dedup=4,scope=group")
	if err == nil {
		err = s.CheckGroup(1e6)
	}
	fmt.Println(s.Member(17, 1e6), err)
	// Output:
	// 20K,dedup=4,group=17of1000000 <nil>
}
