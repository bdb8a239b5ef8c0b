package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// An entry allows a test to be skipped.
type entry struct {
	where    string   // file and line
	must     bool     // it is an error if no test is skipped like that
	facts    []string // all have to hold, or the entry is not in force
	sections *regexp.Regexp
	test     *regexp.Regexp // of PACKAGE.TEST
	reason   *regexp.Regexp
}

func readSkips(name string) ([]entry, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseSkips(name, f)
}

// parseSkips reads a list of skips. Each line has four fields:
//
//	must|may[:FACT,FACT...]  SECTION  PACKAGE.TEST  REASON
//
// SECTION, PACKAGE.TEST and REASON are regular expressions for the whole of what
// they describe; REASON, the text that the test passes to Skip, is the rest of the
// line and may have blanks. PACKAGE is relative to the module. With must, a
// matching test has to be skipped in each of the sections; with may, it has to be
// run or skipped. An entry is in force where all of its facts hold; a fact that
// begins with ! holds where it is not given. Lines that begin with # are comments.
func parseSkips(name string, r io.Reader) ([]entry, error) {
	var entries []entry
	scanner := bufio.NewScanner(r)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		e, err := parseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		e.where = fmt.Sprintf("%s:%d", name, n)
		entries = append(entries, e)
	}
	return entries, scanner.Err()
}

var fields = regexp.MustCompile(`^(\S+)\s+(\S+)\s+(\S+)\s+(.+)$`)

func parseEntry(line string) (entry, error) {
	parts := fields.FindStringSubmatch(line)
	if parts == nil {
		return entry{}, fmt.Errorf("%q: must be must|may[:FACTS] SECTION PACKAGE.TEST REASON", line)
	}
	how, facts, _ := strings.Cut(parts[1], ":")
	if how != "must" && how != "may" {
		return entry{}, fmt.Errorf("%q: must begin with must or may", parts[1])
	}
	e := entry{must: how == "must", facts: split(facts)}
	for i, to := range []**regexp.Regexp{&e.sections, &e.test, &e.reason} {
		whole, err := regexp.Compile(`^(?:` + parts[i+2] + `)$`)
		if err != nil {
			return entry{}, err
		}
		*to = whole
	}
	return e, nil
}

// inForce returns the entries for a section of a run where the facts hold.
func inForce(all []entry, section string, facts []string) []entry {
	var entries []entry
	for _, e := range all {
		holds := func(fact string) bool {
			name, not := strings.CutPrefix(fact, "!")
			return slices.Contains(facts, name) != not
		}
		lacks := func(fact string) bool { return !holds(fact) }
		if e.sections.MatchString(section) && !slices.ContainsFunc(e.facts, lacks) {
			entries = append(entries, e)
		}
	}
	return entries
}
