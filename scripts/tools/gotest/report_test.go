package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// trial is a package whose tests pass, are skipped and fail.
const trial = `package trial

import (
	"os"
	"testing"
)

func TestPasses(t *testing.T) {}

func TestSkipped(t *testing.T) {
	t.Log("before")
	t.Run("part", func(t *testing.T) {
		t.Log("not the reason")
		t.Skip("no ring here:\ntwo lines")
	})
}

func TestFails(t *testing.T) {
	if os.Getenv("TRIAL") == "fail" {
		t.Error("wrong byte")
	}
}

func TestPanics(t *testing.T) {
	switch os.Getenv("TRIAL") {
	case "panic":
		panic("no hope")
	case "exit":
		os.Exit(0)
	case "exit 3":
		os.Exit(3)
	}
}

func FuzzSkipped(f *testing.F) { f.Skip("nothing to fuzz") }
`

const (
	part   = "must unit trial.TestSkipped/part no ring here: two lines\n"
	fuzz   = "must unit trial.FuzzSkipped nothing to .*\n"
	listed = part + fuzz
)

// The real go test, over a module of its own.
func TestRun(t *testing.T) {
	for _, test := range []struct {
		name, skips, trial string
		args               []string
		status             int
		want, wantNot      []string
	}{
		{name: "listed", skips: listed, status: 0,
			want: []string{"skip\ttrial.TestSkipped/part: no ring here: two lines\n", "\nunit: 4 passed, 0 failed, 2 skipped\n"}, wantNot: []string{"PROBLEM", "before"}},
		{name: "verbose", skips: listed, args: []string{"-v"}, want: []string{"--- PASS: TestPasses ("}, wantNot: []string{"PROBLEM", "part ("}},
		{name: "facts", skips: listed + "must:moon unit trial.TestPasses why\n", want: []string{"2 skipped"}},
		{name: "facts hold", skips: listed + "must:moon unit trial.TestPasses why\n", args: []string{"-facts", "moon"}, status: 1},
		{name: "not listed", skips: part, status: 1,
			want: []string{"PROBLEM\ttrial.FuzzSkipped was skipped, which is not in the list: nothing to fuzz\n"}},
		{name: "another reason", skips: part + "may unit trial.FuzzSkipped because\n", status: 1,
			want: []string{"PROBLEM\ttrial.FuzzSkipped was skipped"}},
		{name: "another section", skips: part + "may race trial.FuzzSkipped .*\n", status: 1,
			want: []string{"PROBLEM\ttrial.FuzzSkipped was skipped"}},
		{name: "nothing skipped", skips: listed + "must unit trial.TestPasses why\n", status: 1,
			want: []string{"skips:3: nothing was skipped like that in the section unit"}},
		{name: "no such test", skips: listed + "may unit trial.TestGone why\n", status: 1,
			want: []string{"skips:3: the section unit has no such test"}},
		{name: "nothing to skip", skips: listed + "may unit trial.TestPasses why\n"},
		{name: "wanted", skips: listed, args: []string{"-want", "TestPasses,TestFails"}},
		{name: "wanted and gone", skips: listed, args: []string{"-want", "TestPasses,TestGone"}, status: 1, want: []string{"PROBLEM\tTestGone was not run\n"}},
		{name: "failure", skips: listed, trial: "fail", status: 1,
			want: []string{"wrong byte\n--- FAIL: TestFails", "FAIL\ttrial", "unit: 3 passed, 1 failed, 2 skipped\n"}, wantNot: []string{"=== RUN"}},
		{name: "panic", skips: listed, trial: "panic", status: 1, want: []string{"no hope", "1 failed"}},
		{name: "exit", skips: listed, trial: "exit", status: 1},
		{name: "exit with a status", skips: listed, trial: "exit 3", status: 1},
		{name: "no test", args: []string{"--", "-run", "Nothing", "."}, status: 1, want: []string{"PROBLEM\ttrial: no test was run\n"}},
		{name: "build", args: []string{"--", "-tags", "broken", "."}, status: 1, want: []string{"undefined: missing"}},
		{name: "usage of go test", args: []string{"--", "-tags"}, status: 1, want: []string{"PROBLEM\tgo test: exit status 2\n"}},
		{name: "section", skips: "may unit unit no .*\n", args: []string{"-skipped", "no database"}, want: []string{"skip\tunit: no database\n"}},
		{name: "section that is not listed", skips: "may unit other no .*\n", args: []string{"-skipped", "no database"}, status: 1,
			want: []string{"PROBLEM\tunit was skipped, which is not in the list: no database\n"}},
		{name: "bad list", skips: "nonsense", status: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, text := range map[string]string{
				"go.mod":         "module trial\n",
				"trial_test.go":  trial,
				"broken_test.go": "//go:build broken\n\npackage trial\n\nvar _ = missing\n",
				"skips":          test.skips,
			} {
				if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("TRIAL", test.trial)
			args := append([]string{"-section", "unit", "-skips", "skips"}, test.args...)
			if !slices.Contains(test.args, "--") && !slices.Contains(test.args, "-skipped") {
				args = append(args, "--", "-count=1", ".")
			}
			var out, errors strings.Builder
			if status := run(args, &out, &errors); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the output does not contain %q", want)
				}
			}
			for _, not := range test.wantNot {
				if strings.Contains(out.String(), not) {
					t.Errorf("the output contains %q", not)
				}
			}
			if t.Failed() {
				t.Logf("output:\n%s\nerrors:\n%s", &out, &errors)
			}
		})
	}
}

func TestRunWithWrongArguments(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--", "."},
		{"-section", "unit"},
		{"-nonsense"},
		{"-section", "unit", "-skipped", "no database", "--", "."},
		{"-section", "unit", "-skips", filepath.Join(t.TempDir(), "missing"), "--", "."},
	} {
		var out, errors strings.Builder
		if status := run(args, &out, &errors); status != 2 || errors.Len() == 0 || out.Len() != 0 {
			t.Errorf("%q: status %d, output %q, errors %q", args, status, &out, &errors)
		}
	}
}

// Fuzzing that is stopped while an input runs is no failure, but a finding is.
func TestFuzzingThatEndsLate(t *testing.T) {
	for output, ok := range map[string]bool{
		"fuzz: elapsed: 1m0s\n--- FAIL: FuzzA (60.01s)\n    context deadline exceeded\n":                                      true,
		"--- FAIL: FuzzA (60.01s)\n    --- FAIL: FuzzA (0.00s)\n        a_test.go:3: context deadline exceeded by the test\n": false,
		"--- FAIL: FuzzA (60.01s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzA/1\n":       false,
	} {
		var out strings.Builder
		r := newReport(&out, "trial", nil)
		r.event(event{Action: "output", Package: "trial", Test: "FuzzA", Output: output})
		r.event(event{Action: "fail", Package: "trial", Test: "FuzzA"})
		r.event(event{Action: "output", Package: "trial", Output: "FAIL\n"})
		r.event(event{Action: "fail", Package: "trial"})
		if ok && !strings.Contains(out.String(), "trial.FuzzA: fuzz: elapsed: 1m0s\n") {
			t.Errorf("%q: printed %q", output, &out)
		}
		if got := r.finish("fuzz", nil, os.ErrProcessDone); got != ok {
			t.Errorf("%q: %t, want %t; printed %q", output, got, ok, &out)
		}
	}
}
