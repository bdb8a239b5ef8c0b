package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestLog(t *testing.T) {
	dir := t.TempDir()
	log, link := filepath.Join(dir, "log"), filepath.Join(dir, "link")
	if err := os.Symlink("log", link); err != nil {
		t.Fatal(err)
	}
	is := func(path, want string) {
		t.Helper()
		if text, err := os.ReadFile(path); err != nil || string(text) != want {
			t.Errorf("%s has %q, %v; want %q", path, text, err, want)
		}
	}
	l, err := OpenLog(link)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(l, "one ")
	if err := l.Reopen(); err != nil {
		t.Error(err)
	}
	fmt.Fprint(l, "two ")
	is(log, "one two ")
	os.Rename(log, log+".1")
	fmt.Fprint(l, "three")
	if err := l.Reopen(); err != nil {
		t.Error(err)
	}
	fmt.Fprint(l, "four ")
	is(log+".1", "one two three")
	is(log, "four ")

	// If it cannot be opened again, the old one is written to.
	os.Rename(log, log+".2")
	os.Symlink("elsewhere", log)
	if err := l.Reopen(); err == nil {
		t.Error("a link was followed")
	}
	fmt.Fprint(l, "five")
	is(log+".2", "four five")

	null, err := OpenLog(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(null, "one")
	if err := null.Reopen(); err != nil {
		t.Error(err)
	}
	if _, err := fmt.Fprint(null, "two"); err != nil {
		t.Error(err)
	}
}
