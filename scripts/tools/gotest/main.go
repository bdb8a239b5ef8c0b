// Command gotest runs go test, prints what matters of its output, and fails if a
// test is skipped that the list of skips does not allow.
//
//	gotest -section NAME [-skips FILE] [-facts A,B] [-want TestA,TestB] [-v] -- ARG...
//	gotest -section NAME [-skips FILE] [-facts A,B] -skipped REASON
//
// ARG... are those of go test. With -skipped, nothing is run, but a section as a
// whole was skipped, which the list may allow for a test of that name. The exit
// status is 0 if all tests passed or were skipped as listed, 1 if not, and 2 for wrong
// usage. [parseSkips] describes FILE.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("gotest", flag.ContinueOnError)
	flags.SetOutput(stderr)
	section := flags.String("section", "", "`name` of this run in the list of skips")
	file := flags.String("skips", "", "`file` of the skips that are allowed (default: none are)")
	facts := flags.String("facts", "", "`list` of what is true of this machine, for the conditions in the list of skips")
	want := flags.String("want", "", "`list` of top-level tests that must have run")
	skipped := flags.String("skipped", "", "`reason` why the section was skipped as a whole")
	verbose := flags.Bool("v", false, "print every top-level test")
	if flags.Parse(args) != nil {
		return 2
	}
	if *section == "" || (flags.NArg() == 0) == (*skipped == "") {
		fmt.Fprintln(stderr, "gotest: needs -section NAME, and either -skipped REASON or arguments of go test")
		return 2
	}
	var skips []entry
	if *file != "" {
		all, err := readSkips(*file)
		if err != nil {
			fmt.Fprintf(stderr, "gotest: %v\n", err)
			return 2
		}
		skips = inForce(all, *section, split(*facts))
	}
	r := newReport(stdout, modulePath(), skips)
	r.verbose = *verbose
	var err error
	if *skipped != "" {
		r.skip(*section, *skipped)
	} else {
		err = goTest(flags.Args(), stderr, r)
	}
	if !r.finish(*section, split(*want), err) {
		return 1
	}
	return 0
}

// goTest hands the events of go test to the report. The error says how go test
// ended.
func goTest(args []string, stderr io.Writer, r *report) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// Without a limit for lines, such as a bufio.Scanner has.
	for lines := bufio.NewReader(events); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if errors.Is(err, io.EOF) {
			return cmd.Wait()
		} else if err != nil {
			return errors.Join(err, cmd.Wait())
		}
	}
}

// modulePath returns the path of the module in the current directory, or "".
func modulePath() string {
	out, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// split splits a list at commas; an empty one has no elements.
func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
