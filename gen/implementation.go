package gen

import "fmt"

// Implementation is a way to make the stream. All of them make the same bytes.
type Implementation uint8

const (
	Fastest Implementation = iota // the first of Implementations
	Generic                       // Go, on every CPU: the reference
	AVX2                          // amd64: four words at once
	AVX512                        // amd64 with AVX512F and AVX512DQ: eight words at once
	NEON                          // arm64: two words at once
)

func (i Implementation) String() string {
	if names := [...]string{"fastest", "generic", "avx2", "avx512", "neon"}; int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("number %d", uint8(i))
}

// fastestFirst has all but Fastest.
var fastestFirst = [...]Implementation{AVX512, AVX2, NEON, Generic}

// Implementations returns those that this program has and this CPU can run, the
// fastest first. Generic is always among them, and alone if the program was
// built with the tag purego.
func Implementations() []Implementation {
	var have []Implementation
	for _, i := range fastestFirst {
		if i.runs() {
			have = append(have, i)
		}
	}
	return have
}

// resolve returns the implementation that i asks for, or an error.
func (i Implementation) resolve() (Implementation, error) {
	for _, have := range fastestFirst {
		if (i == have || i == Fastest) && have.runs() {
			return have, nil
		}
	}
	return i, fmt.Errorf("implementation %v: not on this CPU, which has %v", i, Implementations())
}
