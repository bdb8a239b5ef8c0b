package numa

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestParseSet(t *testing.T) {
	tests := []struct {
		list string
		want []int
		text string // what String makes of it, if that is not list
	}{
		{"", nil, ""},
		{"0", []int{0}, ""},
		{"7", []int{7}, ""},
		{"0-3", []int{0, 1, 2, 3}, ""},
		{"0,2-3", []int{0, 2, 3}, ""},
		{"0-1,8", []int{0, 1, 8}, ""},
		{"5-5", []int{5}, "5"},
		{"0,1", []int{0, 1}, "0-1"},
		{"3,1", []int{1, 3}, "1,3"},
		{"4-6,0-2", []int{0, 1, 2, 4, 5, 6}, "0-2,4-6"},
		{"0-3,2-5", []int{0, 1, 2, 3, 4, 5}, "0-5"},
		{"1,1,1", []int{1}, "1"},
		{"007", []int{7}, "7"},
		{"65535", []int{65535}, ""},
		{"65534-65535", []int{65534, 65535}, ""},
	}
	for _, test := range tests {
		got, err := ParseSet(test.list)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("ParseSet(%q) = %v, %v; want %v", test.list, []int(got), err, test.want)
		}
		text := test.text
		if text == "" {
			text = test.list
		}
		if got.String() != text {
			t.Errorf("ParseSet(%q).String() = %q, want %q", test.list, got, text)
		}
	}
}

func TestParseSetErrors(t *testing.T) {
	tests := map[string]string{
		"x":                    `list "x": "x" is not a number; a list looks like 0,2-3`,
		"3-1":                  `list "3-1": "3-1" runs backwards`,
		"2-1":                  `list "2-1": "2-1" runs backwards`,
		"0,3-1,5":              `list "0,3-1,5": "3-1" runs backwards`,
		",":                    `list ",": "" is not a number; a list looks like 0,2-3`,
		"0,":                   `list "0,": "" is not a number; a list looks like 0,2-3`,
		"-":                    `list "-": "" is not a number; a list looks like 0,2-3`,
		"-1":                   `list "-1": "" is not a number; a list looks like 0,2-3`,
		"1-":                   `list "1-": "" is not a number; a list looks like 0,2-3`,
		"1-2-3":                `list "1-2-3": "2-3" is not a number; a list looks like 0,2-3`,
		"+1":                   `list "+1": "+1" is not a number; a list looks like 0,2-3`,
		"0x1":                  `list "0x1": "0x1" is not a number; a list looks like 0,2-3`,
		" 1":                   `list " 1": " 1" is not a number; a list looks like 0,2-3`,
		"0 1":                  `list "0 1": "0 1" is not a number; a list looks like 0,2-3`,
		"0-3:1/2":              `list "0-3:1/2": "3:1/2" is not a number; a list looks like 0,2-3`,
		"1\n":                  `list "1\n": "1\n" is not a number; a list looks like 0,2-3`,
		"65536":                `list "65536": 65536 is too large; the maximum is 65535`,
		"0-65536":              `list "0-65536": 65536 is too large; the maximum is 65535`,
		"65536-1":              `list "65536-1": 65536 is too large; the maximum is 65535`,
		"18446744073709551615": `list "18446744073709551615": 18446744073709551615 is too large; the maximum is 65535`,
		"18446744073709551616": `list "18446744073709551616": "18446744073709551616" is not a number; a list looks like 0,2-3`,
	}
	for list, want := range tests {
		if s, err := ParseSet(list); err == nil || err.Error() != want || s != nil {
			t.Errorf("ParseSet(%q) = %v, %v; want error %s", list, s, err, want)
		}
	}
}

// A list may repeat numbers any number of times.
func TestParseSetOfLongLists(t *testing.T) {
	got, err := ParseSet(strings.Repeat("0-65535,", 100_000) + "3")
	if err != nil || got.String() != "0-65535" {
		t.Errorf("ParseSet of everything 100,000 times = %.40s, %v", got, err)
	}
	got, err = ParseSet(strings.Repeat("8,2,", 50_000) + "5")
	if err != nil || got.String() != "2,5,8" {
		t.Errorf("ParseSet of three numbers 100,001 times = %.40s, %v", got, err)
	}
}

func TestSet(t *testing.T) {
	numbers := []int{9, 1, 3, 1, 2}
	s := NewSet(numbers...)
	if s.String() != "1-3,9" {
		t.Errorf("NewSet(%v) = %s", numbers, s)
	}
	if !slices.Equal(numbers, []int{9, 1, 3, 1, 2}) {
		t.Errorf("NewSet changed the numbers it was given: %v", numbers)
	}
	if got := NewSet(); len(got) != 0 || got.String() != "" {
		t.Errorf("NewSet() = %v", []int(got))
	}
	for n := -1; n < 12; n++ {
		if want := slices.Contains(numbers, n); s.Contains(n) != want {
			t.Errorf("%s contains %d: %v, want %v", s, n, !want, want)
		}
	}
	if Set(nil).Contains(0) {
		t.Error("the empty set contains 0")
	}
	tests := []struct{ a, b, want string }{
		{"", "", ""},
		{"0-3", "", ""},
		{"0-3", "0-3", "0-3"},
		{"0-3", "2-8", "2-3"},
		{"0-3", "8", ""},
		{"0-47,96-143", "40-100", "40-47,96-100"},
	}
	for _, test := range tests {
		a, b := list(t, test.a), list(t, test.b)
		if got := a.Intersect(b); got.String() != test.want {
			t.Errorf("%s intersect %s = %s, want %s", a, b, got, test.want)
		}
		if got := b.Intersect(a); got.String() != test.want {
			t.Errorf("%s intersect %s = %s, want %s", b, a, got, test.want)
		}
		if a.String() != test.a || b.String() != test.b {
			t.Errorf("Intersect made %s and %s of %s and %s", a, b, test.a, test.b)
		}
	}
}

// list returns a set that is written as a list.
func list(t testing.TB, s string) Set {
	t.Helper()
	set, err := ParseSet(s)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var digits = regexp.MustCompile(`[0-9]+`)

func FuzzParseSet(f *testing.F) {
	for _, s := range []string{
		"", "0", "0-3,8", "3,1,2", "0-47,96-143", "3-1", "x", "0,", "-", "1-2-3", "65535", "65536",
		"0-65535,0-65535,0-65535", "99999999999999999999", "0-9:2/3",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1000 {
			return // TestParseSetOfLongLists
		}
		set, err := ParseSet(s)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("ParseSet(%q): %q is more than one line", s, err)
			}
			return
		}
		for i, n := range set {
			if n < 0 || n > maxNumber || i > 0 && n <= set[i-1] {
				t.Fatalf("ParseSet(%q) has %d in place %d: out of order or of bounds", s, n, i)
			}
		}
		for _, d := range digits.FindAllString(s, -1) {
			if n, err := strconv.Atoi(d); err != nil || !set.Contains(n) {
				t.Errorf("ParseSet(%q) = %s, without %s", s, set, d)
			}
		}
		if again, err := ParseSet(set.String()); err != nil || !slices.Equal(again, set) {
			t.Errorf("ParseSet(%q) = %s, which is %s when it is parsed, %v", s, set, again, err)
		}
	})
}
