package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/verify"
)

// What verify cannot make sense of is refused before anything is read.
var badVerify = []badInput{
	{"verify", "PATH"},
	{"verify {dir}/missing", "{dir}/missing"},
	{"verify {dir}/missing/deep", "{dir}/missing/deep"},
	{"verify {dir}/file", "{dir}/file"},
	{"verify {dir}/mnt", "{dir}/mnt"},
	{"verify --seed 3 {dir}/mnt", "{dir}/mnt"},
	{"verify --size 1M --resume {dir}/none/x {dir}/mnt", "--resume"},
	{"verify {dir}/dangling", "{dir}/dangling"},
	{"verify {dir}/loop", "{dir}/loop"},
	{"verify --spec 1X {dir}/file", "1X"},
	{"verify --spec= {dir}/file", "--spec"},
	{"verify --spec 1M {dir}/mnt", "{dir}/mnt"},
	{"verify --spec 1M {dir}/file {dir}/file", "--spec"},
	{"verify --spec 1M --at 1M {dir}/file", "--at"},
	{"verify --at nothing {dir}/file", "{dir}/file"},
	{"verify --at 1M {dir}/mnt", "{dir}/mnt"},
	{"verify --size 1M --at / {dir}/file", "{dir}/file"},
	{"verify --quick 0% {dir}/mnt", "--quick"},
	{"verify --quick 101% {dir}/mnt", "101%"},
	{"verify --quick 5 {dir}/mnt", "--quick"},
	{"verify --quick-seed 5 {dir}/mnt", "--quick-seed"},
	{"verify --max-errors 0 {dir}/mnt", "--max-errors 0"},
	{"verify --threads 0 {dir}/mnt", "--threads 0"},
	{"verify --threads 99999 {dir}/mnt", "--threads 99999"},
	{"verify --seed random {dir}/mnt", "--seed random"},
	{"verify --size 1M --log {dir}/missing/log {dir}/mnt", "--log {dir}/missing/log"},
	{"verify --size 1M --resume {dir}/bad.tree {dir}/mnt", "{dir}/bad.tree"},
	{"verify --resume {dir}/mnt {dir}/mnt", "{dir}/mnt"},
	{"verify --tree {dir}/bad.tree {dir}/mnt", "bad.tree"},
}

// A copy is compared, and the status and both forms of the report say how it is.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	var right, stderr bytes.Buffer
	if status := run([]string{"cat", "300K,seed=7"}, &right, &stderr); status != 0 {
		t.Fatal(stderr.String())
	}
	path := filepath.Join(dir, "300K,seed=7")
	log := filepath.Join(dir, "log")
	call := func(want int, args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if status := run(append([]string{"verify"}, args...), &stdout, &stderr); status != want {
			t.Errorf("%q: exit status %d, want %d\n%s%s", args, status, want, &stdout, &stderr)
		}
		return stdout.String()
	}
	if err := os.WriteFile(path, right.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := call(0, path); !strings.HasSuffix(out, ": all equal\n") || strings.Count(out, "\n") != 1 {
		t.Errorf("of a right copy: %s", out)
	}
	if out := call(0, "--quick", "50%", "--quick-seed", "77", path); !strings.Contains(out, "--quick-seed 77") {
		t.Errorf("the seed is not printed: %s", out)
	}
	wrong := right.Bytes()
	wrong[100000] ^= 8
	if err := os.WriteFile(path, wrong, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := call(1, "--log", log, path); !strings.Contains(out, "offset 100000, 1 byte (1 bit): bit 3 is") {
		t.Errorf("of a wrong copy: %s", out)
	}
	if text, err := os.ReadFile(log); err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), "offset 100000") {
		t.Errorf("the log has %q, %v", text, err)
	}
	var r verify.Report
	if err := json.Unmarshal([]byte(call(1, "--json", path)), &r); err != nil || r.Different != 1 || len(r.Damage) != 1 || r.Damage[0].Kind != verify.Bit {
		t.Errorf("%+v, %v", r, err)
	}
	call(1, "--spec", "300K,seed=8", path)
	// A name with bytes that a terminal would take for commands.
	bad := filepath.Join(dir, "\x1b[2J")
	if err := os.Mkdir(bad, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad, "\n"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := call(1, "--size", "1K", bad); strings.ContainsRune(out, 0x1b) || !strings.Contains(out, `additional: `) {
		t.Errorf("%q", out)
	}
}
