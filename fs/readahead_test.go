package fs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestReadAhead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "read_ahead_kb")
	r := readAhead{file}
	for _, test := range []struct {
		asked       int
		content, is string
	}{
		{0, "128\n", "128K; the kernel's default, best for pieces up to 1M"},
		{1 << 20, "1024\n", "1024K"},
		{NoReadAhead, "0\n", "0K"},
	} {
		if err := os.WriteFile(file, []byte("128\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := r.set(test.asked)
		content, _ := os.ReadFile(file)
		if err != nil || text != test.is || string(content) != test.content {
			t.Errorf("%d: %q, %v; the file has %q, want %q", test.asked, text, err, content, test.content)
		}
	}
	missing := readAhead{filepath.Join(file, "missing")}
	if text, err := missing.set(1 << 20); !errors.Is(err, ErrReadAhead) {
		t.Errorf("where it cannot be written: %q, %v, want %v", text, err, ErrReadAhead)
	}
	if text, err := missing.set(0); err != nil || text == "" {
		t.Errorf("where it cannot be read: %q, %v", text, err)
	}
}
