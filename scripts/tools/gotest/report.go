package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// event is a line of go test -json, see go doc test2json, or of go build -json.
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64 // seconds
	Output  string
}

// A report collects the events of a run, prints what matters of them, and
// compares the skipped tests with the list.
type report struct {
	out     io.Writer
	module  string
	skips   []entry
	verbose bool

	output   map[string]string   // of tests that run, of packages, by full name
	failures map[string][]string // failed tests by package
	late     map[string]bool     // packages in which fuzzing ended late
	ran      map[string]bool     // full names of tests that have ended
	used     []bool              // entries of skips that allowed one
	problems []string

	passed, failed, skipped int
}

func newReport(out io.Writer, module string, skips []entry) *report {
	return &report{
		out: out, module: module, skips: skips, used: make([]bool, len(skips)),
		output: map[string]string{}, failures: map[string][]string{}, late: map[string]bool{}, ran: map[string]bool{},
	}
}

// line takes a line of go test's output. What is not an event is printed.
func (r *report) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		r.out.Write(line)
		return
	}
	r.event(e)
}

func (r *report) event(e event) {
	name := r.name(e)
	switch e.Action {
	case "output":
		r.output[name] += e.Output
	case "build-output":
		io.WriteString(r.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e, name)
		} else {
			r.endTest(e, name)
		}
		delete(r.output, name)
	}
}

// name returns PACKAGE.TEST, or PACKAGE, relative to the module.
func (r *report) name(e event) string {
	name := path.Base(e.Package)
	if below, ok := strings.CutPrefix(e.Package, r.module+"/"); ok {
		name = below
	}
	if e.Test != "" {
		name += "." + e.Test
	}
	return name
}

func (r *report) endTest(e event, name string) {
	r.ran[name] = true
	top := !strings.Contains(e.Test, "/")
	action := e.Action
	if action == "fail" && isLate(r.output[name]) {
		r.late[e.Package] = true
		action = "pass"
	}
	switch action {
	case "pass":
		if top {
			r.passed++
		}
		if lines := progress.FindAllString(r.output[name], -1); lines != nil {
			fmt.Fprintf(r.out, "%s: %s\n", name, lines[len(lines)-1])
		}
		if top && r.verbose {
			fmt.Fprintf(r.out, "--- PASS: %s (%.2fs)\n", e.Test, e.Elapsed)
		}
	case "fail":
		if top {
			r.failed++
		}
		r.failures[e.Package] = append(r.failures[e.Package], e.Test)
		io.WriteString(r.out, marks.ReplaceAllString(r.output[name], ""))
	case "skip":
		r.skip(name, skipReason(r.output[name]))
	}
}

func (r *report) endPackage(e event, name string) {
	text := r.output[name]
	failed := e.Action == "fail" && !(r.late[e.Package] && r.failures[e.Package] == nil)
	switch {
	case failed && r.failures[e.Package] == nil: // a build, a panic, an exit
		r.problem("%s failed outside of its tests", name)
		fallthrough
	case failed:
		io.WriteString(r.out, text)
	case e.Action == "pass":
		io.WriteString(r.out, lastLine(text))
	}
	if nothingRun.MatchString(text) {
		r.problem("%s: no test was run", name)
	}
}

// skip takes a skipped test, which is a problem unless the list allows it.
func (r *report) skip(name, reason string) {
	r.ran[name] = true
	r.skipped++
	allowed := false
	for i, e := range r.skips {
		if e.test.MatchString(name) && e.reason.MatchString(reason) {
			r.used[i], allowed = true, true
		}
	}
	if allowed {
		fmt.Fprintf(r.out, "skip\t%s: %s\n", name, reason)
	} else {
		r.problem("%s was skipped, which is not in the list: %s", name, reason)
	}
}

func (r *report) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// finish prints the verdict on a section and reports whether all is well. The
// error is how go test ended.
func (r *report) finish(section string, want []string, err error) bool {
	for i, e := range r.skips {
		switch {
		case e.must && !r.used[i]:
			r.problem("%s: nothing was skipped like that in the section %s", e.where, section)
		case !slices.ContainsFunc(r.names(), e.test.MatchString):
			r.problem("%s: the section %s has no such test", e.where, section)
		}
	}
	for _, test := range want {
		if !slices.ContainsFunc(r.names(), func(name string) bool { return strings.HasSuffix(name, "."+test) }) {
			r.problem("%s was not run", test)
		}
	}
	if err != nil && r.failed == 0 && len(r.problems) == 0 && len(r.late) == 0 {
		r.problem("go test: %v", err)
	}
	if len(r.ran) == 0 {
		r.problem("no test was run")
	}
	for _, problem := range r.problems {
		fmt.Fprintf(r.out, "PROBLEM\t%s\n", problem)
	}
	fmt.Fprintf(r.out, "%s: %d passed, %d failed, %d skipped\n", section, r.passed, r.failed, r.skipped)
	return r.failed == 0 && len(r.problems) == 0
}

func (r *report) names() []string {
	names := make([]string, 0, len(r.ran))
	for name := range r.ran {
		names = append(names, name)
	}
	return names
}

var (
	marks      = regexp.MustCompile(`(?m)^(=== (RUN|PAUSE|CONT|NAME) | *--- SKIP: ).*\n`)
	place      = regexp.MustCompile(`(?m)^ *\S+\.go:\d+: `)
	nothingRun = regexp.MustCompile(`(?m)^testing: warning: no (tests to run|fuzz tests to fuzz|targets to fuzz)`)
	progress   = regexp.MustCompile(`(?m)^fuzz: elapsed: .*$`)
	onlyLate   = regexp.MustCompile(`(?m)^ *context deadline exceeded$`)
)

// skipReason returns what a skipped test passed to Skip, the last that it logged,
// in one line.
func skipReason(output string) string {
	output = marks.ReplaceAllString(output, "")
	if places := place.FindAllStringIndex(output, -1); places != nil {
		output = output[places[len(places)-1][1]:]
	}
	return strings.Join(strings.Fields(output), " ")
}

// isLate reports whether a fuzz test failed for being stopped alone. Go before
// 1.27 now and then takes the end of -fuzztime for a failure (go.dev/issue/75804).
// A finding names its input.
func isLate(output string) bool {
	return onlyLate.MatchString(output) && !strings.Contains(output, "Failing input")
}

func lastLine(text string) string {
	text = strings.TrimSuffix(text, "\n")
	return text[strings.LastIndexByte(text, '\n')+1:] + "\n"
}
