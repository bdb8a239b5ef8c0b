//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// need skips a test whose tool is not installed. scripts/test.sh installs all
// of them and says so, and then a missing one is a failure.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("E2E_ALL_TOOLS") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

func TestFio(t *testing.T) {
	need(t, "fio")
	mnt := mount(t, "--size", "64G")
	for _, args := range [][]string{
		{"--ioengine=psync", "--rw=read", "--bs=1M"},
		{"--ioengine=psync", "--rw=randread", "--bs=4k", "--direct=1", "--numjobs=2", "--group_reporting"},
		{"--ioengine=io_uring", "--rw=randread", "--bs=4k", "--direct=1", "--iodepth=32"},
		{"--ioengine=io_uring", "--rw=read", "--bs=1M", "--direct=1", "--iodepth=8"},
		{"--ioengine=mmap", "--rw=randread", "--bs=64k"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			args := append([]string{"--name=r", "--filename=" + mnt + "/data", "--readonly", "--runtime=1", "--time_based", "--output-format=json"}, args...)
			var report struct {
				Jobs []struct {
					Error int
					Read  struct {
						Bytes int64 `json:"io_bytes"`
					}
				}
			}
			text := output(t, "fio", args...)
			if err := json.Unmarshal([]byte(text[strings.Index(text, "{"):]), &report); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			for _, job := range report.Jobs {
				if job.Error != 0 || job.Read.Bytes < 1<<20 {
					t.Errorf("error %d, %d bytes read", job.Error, job.Read.Bytes)
				}
			}
			if len(report.Jobs) != 1 {
				t.Errorf("%d jobs in the report", len(report.Jobs))
			}
		})
	}
}

// A tree for tools that copy: files of all shapes and some folders, about
// 60 MB.
var copied = []string{"--seed", "5", "--file", "a/{0..4}.bin:1000003,dedup=2", "--file", "a/b/c/{000..099}:12345", "--file", "big:50M,compress=2,dedup=3", "--file", "empty:0", "--file", "one:1"}

func TestRsync(t *testing.T) {
	need(t, "rsync")
	mnt, to := mount(t, copied...), t.TempDir()
	output(t, "rsync", "-a", mnt+"/", to+"/")
	if diff := output(t, "rsync", "-anci", mnt+"/", to+"/"); diff != "" {
		t.Errorf("the copy differs by checksum:\n%s", diff)
	}
	if diff := output(t, "rsync", "-ani", mount(t, copied...)+"/", to+"/"); diff != "" {
		t.Errorf("after another mount, there is something to copy:\n%s", diff)
	}
	output(t, "diff", "-r", mnt, to)
	makeRemovable(t, to)
}

// makeRemovable makes the folders of a copy writable, as those of a mount are
// not, so that others than root can remove them.
func makeRemovable(t *testing.T, dir string) {
	t.Helper()
	output(t, "chmod", "-R", "u+w", dir)
}

func TestCp(t *testing.T) {
	mnt, to := mount(t, copied...), t.TempDir()
	output(t, "cp", "-a", mnt, to+"/copy")
	output(t, "diff", "-r", mnt, to+"/copy")
	output(t, "cp", "--sparse=always", mnt+"/big", to+"/sparse")
	output(t, "cmp", mnt+"/big", to+"/sparse")
	makeRemovable(t, to)
}

func TestRestic(t *testing.T) {
	need(t, "restic")
	mnt, dir := mount(t, copied...), t.TempDir()
	restic := func(args ...string) string {
		cmd := command(t, "restic", append([]string{"--quiet", "--repo", dir + "/repo", "--cache-dir", dir + "/cache"}, args...)...)
		cmd.Env = append(os.Environ(), "RESTIC_PASSWORD=for tests")
		r := try(t, cmd)
		if r.status != 0 {
			t.Fatalf("restic %q: exit status %d\n%s%s", args, r.status, r.stdout, r.stderr)
		}
		return r.stdout
	}
	restic("init")
	restic("backup", mnt)
	restic("restore", "latest", "--target", dir+"/restored")
	output(t, "diff", "-r", mnt, dir+"/restored"+mnt)
	// Nothing has changed, not even the inodes, after another mount there.
	if r := dgenfs(t, "umount", mnt); r.status != 0 {
		t.Fatal(r.stderr)
	}
	mountAt(t, mnt, copied...)
	var summary struct {
		Type string `json:"message_type"`
		New  int    `json:"files_new"`
		Diff int    `json:"files_changed"`
		Same int    `json:"files_unmodified"`
	}
	for line := range strings.Lines(restic("backup", "--json", mnt)) {
		if strings.Contains(line, `"summary"`) {
			if err := json.Unmarshal([]byte(line), &summary); err != nil {
				t.Fatal(err)
			}
		}
	}
	if summary.Type == "" || summary.New != 0 || summary.Diff != 0 || summary.Same != 108 {
		t.Errorf("the second backup: %+v, want 108 files unmodified", summary)
	}
	makeRemovable(t, dir)
}

func TestTarAndDiff(t *testing.T) {
	one, two := mount(t, copied...), mount(t, copied...)
	output(t, "diff", "-r", one, two)
	tar := func(dir string) string {
		return output(t, "bash", "-o", "pipefail", "-c", `tar -C "$0" --sort=name -cf - . | sha256sum`, dir)
	}
	if a, b := tar(one), tar(two); a != b {
		t.Errorf("tar of two mounts: %s and %s", a, b)
	}
	other := mount(t, append(copied[2:len(copied):len(copied)], "--seed", "6")...)
	if r := try(t, command(t, "diff", "-rq", one, other)); r.status != 1 || strings.Count(r.stdout, "differ") < 100 {
		t.Errorf("diff of mounts with different seeds: exit status %d\n%s", r.status, r.stdout)
	}
}

// What real compressors make of a file is what was asked for, roughly.
func TestCompressors(t *testing.T) {
	need(t, "zstd", "lz4")
	mnt := mount(t)
	for _, tool := range []string{"zstd", "lz4", "gzip -1"} {
		for ratio, bounds := range map[string][2]float64{"1": {0.99, 1.01}, "2": {1.8, 2.2}} {
			var n float64
			name := "16M,compress=" + ratio
			fmt.Sscan(output(t, "bash", "-o", "pipefail", "-c", tool+` -c "$0" | wc -c`, filepath.Join(mnt, name)), &n)
			if got := (16 << 20) / n; got < bounds[0] || got > bounds[1] {
				t.Errorf("%s compresses %s by %.2f", tool, name, got)
			}
		}
	}
}

func TestPythonExample(t *testing.T) {
	need(t, "python3")
	mnt := mount(t)
	if out := output(t, "python3", "../../scripts/readinto.py", mnt+"/1000003"); !strings.HasPrefix(out, "1000003 bytes, ") || !strings.HasSuffix(out, " GB/s\n") {
		t.Errorf("all of a file: %q", out)
	}
	if out := output(t, "python3", "../../scripts/readinto.py", mnt+"/1E", "5000000"); !strings.HasPrefix(out, "5000000 bytes, ") {
		t.Errorf("a part of a file: %q", out)
	}
}

// Twenty readers at once get twenty files as they are.
func TestConcurrentReaders(t *testing.T) {
	mnt := mount(t, "--seed", "8")
	script := `for i in $(seq 20); do
		(sha256sum <"$0/5000003,seed=$i"; sha256sum <"$0/5000003,dedup=2,compress=2") >"$1/$i" &
	done; wait`
	dir := t.TempDir()
	output(t, "bash", "-c", script, mnt, dir)
	shared := sha(t, mnt+"/5000003,dedup=2,compress=2")
	for i := 1; i <= 20; i++ {
		got, err := os.ReadFile(fmt.Sprintf("%s/%d", dir, i))
		if err != nil {
			t.Fatal(err)
		}
		if want := sha(t, fmt.Sprintf("%s/5000003,seed=%d", mnt, i)) + shared; string(got) != want {
			t.Errorf("reader %d: %s, want %s", i, got, want)
		}
	}
}
