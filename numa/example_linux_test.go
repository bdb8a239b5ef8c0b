package numa_test

import (
	"fmt"
	"log"
	"slices"

	"github.com/dgenfs/dgenfs/numa"
)

// A thread works on one CPU, then again on all that it had.
func ExamplePin() {
	before, err := numa.Affinity()
	if err != nil {
		log.Fatal(err)
	}
	undo, err := numa.Pin(before[:1])
	if err != nil {
		log.Fatal(err)
	}
	bound, err := numa.Affinity()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("bound to the first:", slices.Equal(bound, before[:1]))

	undo()
	after, err := numa.Affinity()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("as before:", slices.Equal(after, before))
	// Output:
	// bound to the first: true
	// as before: true
}
