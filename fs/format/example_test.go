package format_test

import (
	"fmt"

	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/gen"
)

func Example() {
	shape, err := format.ParseShape("12107x12107x1")
	if err != nil {
		panic(err)
	}
	f, err := format.New(format.Description{Format: "npz", Shape: shape, Size: format.Any})
	if err != nil {
		panic(err)
	}
	r, err := f.Open(format.Generate(gen.Config{Seed: 7}))
	if err != nil {
		panic(err)
	}
	defer r.Close()
	p := make([]byte, 4)
	if _, err := r.ReadAt(p, 0); err != nil {
		panic(err)
	}
	fmt.Printf("%d bytes, the first are %q\n", f.Size(), p)

	_, err = format.New(format.Description{Format: "tfrecord", Record: 114244, Size: 140 << 20})
	fmt.Println(err)
	// Output:
	// 146579947 bytes, the first are "PK\x03\x04"
	// size 146800640: not possible for tfrecord of records of 114244; the nearest are 146766336 and 146880640
}
