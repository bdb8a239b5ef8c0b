package gen

import (
	"fmt"
	"slices"
)

// Implementation is a way to generate the stream. All of them generate the same
// bytes.
type Implementation uint8

const (
	Fastest Implementation = iota // the first of Implementations
	Generic                       // Go, on every CPU: the reference
	AVX2                          // amd64 with AVX2 and BMI2: four words at a time
	AVX512                        // amd64 with AVX512F and AVX512DQ: eight words at a time
	NEON                          // arm64: two words at a time
)

// String returns the name in lower case, as flags and benchmarks have it: avx2.
func (i Implementation) String() string {
	if names := [...]string{"fastest", "generic", "avx2", "avx512", "neon"}; int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("number %d", uint8(i))
}

// Implementations returns those that are built into this program and that this
// machine supports, both its CPU and its operating system, the fastest first.
// Generic is always among them, and alone if the program was built with the tag
// purego.
func Implementations() []Implementation {
	return slices.DeleteFunc(slices.Clone(built), func(i Implementation) bool { return !i.supported() })
}

// resolve returns the implementation that i asks for, or an error. It allocates
// nothing unless it fails.
func (i Implementation) resolve() (Implementation, error) {
	why := "not built into this program"
	for _, b := range built {
		switch {
		case i != b && i != Fastest:
		case b.supported():
			return b, nil
		default:
			why = "not supported by this CPU"
		}
	}
	return i, fmt.Errorf("implementation %v: %s; must be one of %v", i, why, Implementations())
}
