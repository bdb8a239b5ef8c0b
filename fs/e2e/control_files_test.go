//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files in .dgenfs describe the mount, also while it is read.
func TestControlFiles(t *testing.T) {
	dir := mount(t)
	names := output(t, "ls", filepath.Join(dir, ".dgenfs"))
	if names != "config\nmetrics\nstats\ntree\nversion\n" {
		t.Errorf("the directory has %q", names)
	}
	if text := output(t, "cat", filepath.Join(dir, ".dgenfs", "version")); text != dgenfs(t, "version").stdout {
		t.Errorf("version: %s", text)
	}
	type counts struct {
		Reads, ReadBytes, Errors, OpenFiles uint64
	}
	stats := func() (c counts) {
		t.Helper()
		var s struct {
			Reads     uint64 `json:"reads"`
			ReadBytes uint64 `json:"read_bytes"`
			Errors    uint64 `json:"read_errors"`
			OpenFiles uint64 `json:"open_files"`
		}
		text := output(t, "cat", filepath.Join(dir, ".dgenfs", "stats"))
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return counts{s.Reads, s.ReadBytes, s.Errors, s.OpenFiles}
	}
	before := stats()
	file := openFile(t, filepath.Join(dir, "16M"), os.O_RDONLY)
	output(t, "dd", "if="+filepath.Join(dir, "16M"), "of=/dev/null", "bs=1M")
	after := stats()
	// Reading the stats is reading, too.
	if after.ReadBytes < before.ReadBytes+16<<20 || after.ReadBytes > before.ReadBytes+17<<20 || after.Reads <= before.Reads || after.Errors != 0 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if after.OpenFiles != before.OpenFiles+1 {
		t.Errorf("files that are open: before %d, after %d", before.OpenFiles, after.OpenFiles)
	}
	file.Close()

	// As a web server does: the size first, then the text.
	name := filepath.Join(dir, ".dgenfs", "metrics")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	text := output(t, "cat", name)
	if int64(len(text)) != info.Size() || !strings.Contains(text, "dgenfs_read_bytes_total{mount=\""+dir+"\",cpu=\"0\",node=\"0\"} ") {
		t.Errorf("%d bytes, stat says %d: %s", len(text), info.Size(), text)
	}
}
