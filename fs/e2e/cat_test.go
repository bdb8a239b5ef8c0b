//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

func TestCat(t *testing.T) {
	const text = "5000011,dedup=3,compress=2"
	want := piece(t, generator(t, text, 9, text, 1), 0, 5000011)
	for _, test := range []struct {
		args     []string
		from, to int
	}{
		{nil, 0, 5000011},
		{[]string{"--offset", "1"}, 1, 5000011},
		{[]string{"--offset", "1M"}, 1 << 20, 5000011},
		{[]string{"--length", "100"}, 0, 100},
		{[]string{"--length", "0"}, 0, 0},
		{[]string{"--offset", "4095", "--length", "3MiB"}, 4095, 4095 + 3<<20},
		{[]string{"--offset", "5000010", "--length", "1"}, 5000010, 5000011},
		{[]string{"--offset", "5000011"}, 5000011, 5000011},
		{[]string{"--offset", "100"}, 100, 5000011},
	} {
		r := dgenfs(t, append(append([]string{"cat", "--seed", "0x9"}, test.args...), text)...)
		if r.status != 0 || r.stderr != "" {
			t.Errorf("cat %q: exit status %d, %s", test.args, r.status, r.stderr)
		}
		same(t, "cat "+strings.Join(test.args, " "), []byte(r.stdout), want[test.from:test.to])
	}
	// A pipe that is closed early ends it without a message.
	r := try(t, command(t, "bash", "-c", `"$0" cat 1E | head -c 100 | wc -c`, program))
	if strings.TrimSpace(r.stdout) != "100" || r.stderr != "" {
		t.Errorf("a closed pipe: %q, standard error %q", r.stdout, r.stderr)
	}
	if r := try(t, command(t, "bash", "-c", `"$0" cat 1M >/dev/full`, program)); r.status != 1 || !strings.HasPrefix(r.stderr, "dgenfs: ") || !strings.Contains(r.stderr, "no space left") {
		t.Errorf("a full device: exit status %d, %q", r.status, r.stderr)
	}
}
