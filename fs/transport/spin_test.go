package transport

import (
	"testing"
	"time"
)

// A thread looks so many times before it sleeps, also after it has found something; if
// others have run for long, only once more.
func TestSpinner(t *testing.T) {
	long := map[int]bool{} // calls of yield that take long
	calls := 0
	s := spinner{yield: func() time.Duration {
		calls++
		if long[calls] {
			return longYield
		}
		return longYield - 1
	}}
	looks := func() (n int) {
		for s.again() {
			n++
		}
		return n
	}
	for range 2 {
		if n := looks(); n != spins {
			t.Errorf("looked %d times, want %d", n, spins)
		}
	}
	for range 3 {
		if !s.again() {
			t.Fatal("sleeps at once")
		}
	}
	s.found()
	if n := looks(); n != spins {
		t.Errorf("looked %d times after something was found, want %d", n, spins)
	}
	s.skip()
	if n := looks(); n != 0 {
		t.Errorf("looked %d times where it should not, want 0", n)
	}
	if n := looks(); n != spins {
		t.Errorf("looked %d times the next time, want %d", n, spins)
	}
	long[calls+5] = true
	if n := looks(); n != 5 {
		t.Errorf("looked %d times while others want the CPU, want 5", n)
	}
	if n := looks(); n != spins {
		t.Errorf("looked %d times after that, want %d", n, spins)
	}
}

// Where no other thread can answer, one that others have kept waiting sleeps at once for a
// while.
func TestSpinnerRests(t *testing.T) {
	s := spinner{penalty: 3, yield: func() time.Duration { return longYield }}
	for i, want := range []bool{true, false, false, false, true, false} {
		if got := s.again(); got != want {
			t.Errorf("look %d: %v, want %v", i, got, want)
		}
	}
}
