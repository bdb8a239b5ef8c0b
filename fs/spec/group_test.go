package spec

import (
	"math"
	"strings"
	"testing"
)

func TestMember(t *testing.T) {
	for _, c := range []struct {
		spec         string
		index, files uint64
		want         string
	}{
		{"1M,dedup=4,scope=group", 0, 10, "1M,dedup=4,group=0of80"},
		{"1M,dedup=4,scope=group", 9, 10, "1M,dedup=4,group=72of80"},
		{"1000003,unit=4K,scope=group", 2, 3, "1000003,unit=4K,group=490of735"}, // the cut unit counts
		{"24K,seed=7,skew=2,scope=group", 999, 1000, "24K,seed=7,skew=2,group=999of1000"},
		{"1M,scope=group", 0, 1, "1M"},
		{"0,scope=group", 5, 10, "0"},
		{"1M", 5, 10, "1M"},
		{"1M,group=1of9", 5, 10, "1M,group=1of9"},
		// The largest groups.
		{"4K,unit=4K,scope=group", 1<<51 - 1, 1 << 51, "4K,unit=4K,group=2251799813685247of2251799813685248"},
		{"4E,scope=group", 1, 2, "4E,group=35184372088832of70368744177664"},
		{"9223372036854775807,unit=12K,scope=group", 0, 1, "9223372036854775807,unit=12K"},
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckGroup(c.files); err != nil {
			t.Errorf("%s: %v", c.spec, err)
		}
		got := s.Member(c.index, c.files)
		if got.String() != c.want {
			t.Errorf("%s: member %d of %d is %s, want %s", c.spec, c.index, c.files, got, c.want)
		}
		checkRoundTrip(t, got)
	}
	if got := (Spec{Size: 129 << 10, Group: true}).Member(1, 2); got.First != 2 || got.Units != 4 { // by the default unit
		t.Errorf("member 1 of 2 of a spec made by hand is %s", got)
	}
}

func TestCheckGroup(t *testing.T) {
	for _, c := range []struct {
		spec  string
		files uint64
		want  string // of the error
	}{
		{"4K,unit=4K,scope=group", 1<<51 + 1, "scope=group: 2251799813685249 files with 1 units of 4K each; a group has at most 2251799813685248 such units together, so make fewer or smaller files"},
		{"4E,scope=group", 3, "scope=group: 3 files with 35184372088832 units of 128K each; a group has at most 70368744177664 such units"},
		{"1,unit=1G,scope=group", 1 << 34, "scope=group"},
		{"7E,scope=group,unit=4K", math.MaxUint64, "scope=group"}, // the product has more than 64 bits
		{"7E,unit=4K", math.MaxUint64, ""},
		{"7E,unit=4K,group=0of2251799813685248", math.MaxUint64, ""},
		{"0,scope=group", math.MaxUint64, ""},
	} {
		s, err := Parse(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		err = s.CheckGroup(c.files)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s, %d files: %v, want %q", c.spec, c.files, err, c.want)
		}
	}
}
