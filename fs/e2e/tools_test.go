//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

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
			args := append([]string{"--name=r", "--filename=" + mnt + "/data", "--readonly", "--io_size=32M", "--output-format=json"}, args...)
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
			if len(report.Jobs) != 1 {
				t.Fatalf("%d jobs in the report", len(report.Jobs))
			}
			want := int64(32 << 20)
			if slices.Contains(args, "--numjobs=2") {
				want *= 2
			}
			if job := report.Jobs[0]; job.Error != 0 || job.Read.Bytes != want {
				t.Errorf("error %d, %d bytes read, want %d", job.Error, job.Read.Bytes, want)
			}
		})
	}
}

// Compressors reach the ratio that was asked for, roughly.
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
