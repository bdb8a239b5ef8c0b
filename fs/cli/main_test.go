package cli

import (
	"bytes"
	"github.com/dgenfs/dgenfs/fs/cli/exit"
	"io"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	tests := []struct {
		args []string
		want []string // on standard output
	}{
		{[]string{"--help"}, []string{"dgenfs umount", "64G,dedup=3", "Exit status"}},
		{[]string{"-h"}, []string{"dgenfs umount"}},
		{[]string{"help"}, []string{"dgenfs umount"}},
		{[]string{"mount", "--help"}, []string{"[SOURCE] MOUNTPOINT", "--size SPEC", "--files N", "--file NAME:SPEC", "--seed SEED", "--uid", "--gid", "--allow-other", "--log FILE", "-o, --options", "-f, --foreground"}},
		{[]string{"mount", "-h"}, []string{"MOUNTPOINT"}},
		{[]string{"umount", "--help"}, []string{"MOUNTPOINT", "--lazy"}},
		{[]string{"run", "--help"}, []string{"CMD ARG...", "{}", "DGENFS_MOUNT", "--size SPEC"}},
		{[]string{"cat", "--help"}, []string{"SPEC", "--offset", "--length", "--seed"}},
		{[]string{"version", "--help"}, []string{"version"}},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(test.args, &stdout, &stderr); status != exit.Done {
				t.Errorf("exit status %d, want 0", status)
			}
			if stderr.Len() > 0 {
				t.Errorf("standard error is not empty: %s", &stderr)
			}
			for _, want := range test.want {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("help does not have %q:\n%s", want, &stdout)
				}
			}
			for _, never := range []string{"default -1", "%!"} {
				if strings.Contains(stdout.String(), never) {
					t.Errorf("help has %q", never)
				}
			}
		})
	}
}

// The help of every command exists and is reached through the table itself.
func TestEveryCommandHasHelp(t *testing.T) {
	for _, c := range commands() {
		var stdout bytes.Buffer
		if status := run([]string{c.Name, "--help"}, &stdout, io.Discard); status != exit.Done || !strings.Contains(stdout.String(), c.Name) && !c.Hidden {
			t.Errorf("%s --help: exit status %d, output %q", c.Name, status, &stdout)
		}
	}
}

func TestNoArguments(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run(nil, &stdout, &stderr); status != exit.Usage {
		t.Errorf("exit status %d, want %d", status, exit.Usage)
	}
	if stdout.Len() > 0 || !strings.Contains(stderr.String(), "MOUNTPOINT") {
		t.Errorf("standard output %q, standard error %q; want the usage on standard error", &stdout, &stderr)
	}
}

func TestVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"version"}, &stdout, &stderr); status != exit.Done || stderr.Len() > 0 {
		t.Errorf("exit status %d, standard error %q", status, &stderr)
	}
	if !strings.HasPrefix(stdout.String(), "dgenfs ") || !strings.Contains(stdout.String(), "\nstream version ") {
		t.Errorf("unexpected output:\n%s", &stdout)
	}
}

func TestBytesText(t *testing.T) {
	tests := map[float64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB",
		1 << 30: "1 GiB", 16 << 30: "16 GiB", 1 << 62: "4 EiB",
	}
	for n, want := range tests {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%v) = %q, want %q", n, got, want)
		}
	}
}

// Every command says what it is, and has flags to be parsed.
func TestCommandsAreDescribed(t *testing.T) {
	for _, c := range commands() {
		if c.Flags == nil || c.Run == nil {
			t.Errorf("%s: has no flags, or nothing to run", c.Name)
		}
		if !c.Hidden && (c.Summary == "" || c.Text == "" || !strings.HasPrefix(c.Usage, "dgenfs ") || !strings.Contains(c.Usage, c.Name)) {
			t.Errorf("%s: is not described: %+v", c.Name, c)
		}
	}
}
