package main

import (
	"slices"
	"strings"
	"testing"
)

func TestParseSkips(t *testing.T) {
	entries, err := parseSkips("list", strings.NewReader(`
# a comment
must           unit|race  numa.TestPin    one node with CPUs: .*
  may:user,!vm   e2e-.*   fs/e2e.TestUser/.*  only root  can
`))
	if err != nil || len(entries) != 2 {
		t.Fatal(entries, err)
	}
	first, second := entries[0], entries[1]
	if !first.must || first.facts != nil || first.where != "list:3" {
		t.Errorf("%+v", first)
	}
	if second.must || !slices.Equal(second.facts, []string{"user", "!vm"}) || second.where != "list:4" {
		t.Errorf("%+v", second)
	}
	for _, test := range []struct {
		pattern interface{ MatchString(string) bool }
		text    string
		want    bool
	}{
		{first.sections, "race", true},
		{first.sections, "unit", true},
		{first.sections, "unity", false},
		{first.sections, "a-race", false},
		{first.test, "numa.TestPin", true},
		{first.test, "numa.TestPinToNodes", false},
		{first.reason, "one node with CPUs: 0", true},
		{first.reason, "not one node with CPUs: 0", false},
		{second.test, "fs/e2e.TestUser/sub", true},
		{second.test, "fs/e2e.TestUser", false},
		{second.reason, "only root  can", true},
	} {
		if got := test.pattern.MatchString(test.text); got != test.want {
			t.Errorf("%v matches %q: %t", test.pattern, test.text, got)
		}
	}
}

func TestParseSkipsReportsErrors(t *testing.T) {
	for line, want := range map[string]string{
		"must unit numa.TestPin":       "must be must|may",
		"should unit numa.TestPin why": "must begin with must or may",
		"must unit numa.TestPin( why":  "missing closing )",
		"must un[it numa.TestPin why":  "missing closing ]",
		"may unit numa.TestPin why**":  "invalid nested repetition",
	} {
		_, err := parseSkips("list", strings.NewReader("# first\n"+line))
		if err == nil || !strings.HasPrefix(err.Error(), "list:2: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want list:2: ... %s", line, err, want)
		}
	}
}

func TestInForce(t *testing.T) {
	for _, test := range []struct {
		how, section string
		facts        []string
		want         bool
	}{
		{"must", "unit", nil, true},
		{"must", "race", nil, false},
		{"may", "unit", []string{"user"}, true},
		{"must:user", "unit", nil, false},
		{"must:user", "unit", []string{"user"}, true},
		{"must:!user", "unit", []string{"user"}, false},
		{"must:!user", "unit", nil, true},
		{"must:user,vm", "unit", []string{"user"}, false},
		{"must:user,vm", "unit", []string{"vm", "user"}, true},
	} {
		all, err := parseSkips("list", strings.NewReader(test.how+" unit a.TestB why"))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(inForce(all, test.section, test.facts)) == 1; got != test.want {
			t.Errorf("%q in section %s with facts %q: in force %t", test.how, test.section, test.facts, got)
		}
	}
}
