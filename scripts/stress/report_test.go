package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What a run finds decides its exit status, each thing by itself.
func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		name string
		find func(r *report)
		want int
	}{
		{"nothing", func(*report) {}, 0},
		{"wrong bytes", func(r *report) { r.add(progress{Wrong: 1}) }, 1},
		{"an error", func(r *report) { r.add(progress{Errors: 1, Messages: []string{"read"}}) }, 1},
		{"a hang", func(r *report) { r.hang("a reader") }, 1},
		{"a mount left behind", func(r *report) { r.leak("a mount") }, 1},
		{"no fault", func(r *report) { clear(r.faults) }, 1},
		{"a way that reads nothing", func(r *report) { r.add(progress{Bytes: map[string]int64{"splice": 0}}) }, 1},
		{"a way that is not supported", func(r *report) {
			r.add(progress{Bytes: map[string]int64{"splice": 0}, Missing: []string{"splice"}})
		}, 0},
		{"the same server", func(r *report) { r.compare(measures{10, 10, 1000, 2000}, measures{10, 10, 1000, 2000}) }, 0},
		{"threads", func(r *report) { r.compare(measures{10, 10, 1000, 2000}, measures{30, 10, 1000, 2000}) }, 1},
		{"descriptors", func(r *report) {
			r.compare(measures{10, 10, 1000, 2000}, measures{10, 11 + lazyDescriptors*runtime.NumCPU(), 1000, 2000})
		}, 1},
		{"memory", func(r *report) { r.compare(measures{10, 10, 1000, 2000}, measures{10, 10, 50_000, 50_000}) }, 1},
		{"peak memory", func(r *report) { r.compare(measures{10, 10, 1000, 2000}, measures{10, 10, 1000, 70_000}) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newReport(options{peak: 64})
			r.fault("kill -9", 1)
			r.add(progress{Bytes: map[string]int64{"pread": 100}, Requests: 1})
			test.find(r)
			if got := r.print(io.Discard); got != test.want {
				t.Errorf("exit status %d, want %d", got, test.want)
			}
		})
	}
}

func TestDifferent(t *testing.T) {
	if n := different([]byte("abcd"), []byte("abXY")); n != 2 {
		t.Errorf("%d bytes differ, want 2", n)
	}
}

// Two processes of a seed expect the same files.
func TestFiles(t *testing.T) {
	a, err := files(7)
	if err != nil {
		t.Fatal(err)
	}
	b, err := files(7)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		p, q := a[i].expect(make([]byte, 5000), a[i].size/2), b[i].expect(make([]byte, 5000), a[i].size/2)
		if a[i].path != b[i].path || len(p) == 0 || len(p) != len(q) || different(p, q) != 0 {
			t.Errorf("%s: not the same as %s", a[i].path, b[i].path)
		}
	}
}

// Nothing is removed or unmounted but what is below the run's directory.
func TestMade(t *testing.T) {
	for path, want := range map[string]bool{
		"/run/stress/1-1": true, "/run/stress/1-1.log": true, "/run/stress/a/b": true,
		"/run/stress": false, "/run/stress/": false, "/run/stress2": false, "/run/stress/../other": false, "/run": false, "/": false, "/dev/null": false, "": false,
	} {
		if got := made("/run/stress", path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "kept"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{full, "/dev/null", filepath.Join(full, "missing")} {
		if status := run([]string{"--dgenfs", "/nowhere/dgenfs", "--dir", dir}); status != 2 {
			t.Errorf("%s: exit status %d, want 2", dir, status)
		}
	}
}
