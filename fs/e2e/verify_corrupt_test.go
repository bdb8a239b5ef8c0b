//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/corrupt"
	"github.com/dgenfs/dgenfs/fs/spec"
)

// verifyNames are what dgenfs verify calls each kind of damage.
var verifyNames = map[spec.Damage]string{
	spec.FlippedBit: "bit", spec.Zeroed: "zeros", spec.Stale: "generation", spec.Swapped: "place", spec.Torn: "torn", spec.Short: "truncated",
}

// verify names every damage of a copy by its place and kind, as fs/corrupt computes it.
func TestVerifyNamesDamage(t *testing.T) {
	files := []string{"plain:3M", "odd:1777777", "d/text:2M,texture=text", "dedup:2M,dedup=2,unit=16K", "a.npy:1M,format=npy", "d/e{0..2}:700K,compress=2", "small:9000"}
	names := []string{"plain", "odd", "d/text", "dedup", "a.npy", "d/e0", "d/e1", "d/e2", "small"}
	for _, kind := range spec.Damages {
		t.Run(string(kind), func(t *testing.T) {
			damage := string(kind) + ":0.7%"
			args := []string{"--seed", "3", "--generation", "2", "--change", "70%"}
			for _, file := range files {
				args = append(args, "--file", file)
			}
			mnt, copied := mount(t, append(args, "--corrupt", damage)...), filepath.Join(t.TempDir(), "copy")
			output(t, "cp", "-r", mnt, copied)
			var want []string
			for _, name := range names {
				s, right, _ := rightAndWrong(t, specOf(t, filepath.Join(mnt, name))+",corrupt="+damage, "", 0)
				got, err := os.ReadFile(filepath.Join(copied, name))
				if err != nil {
					t.Fatal(err)
				}
				end := int64(-1) // of the place before
				for p := range corrupt.Of(s).Places(0, s.Size) {
					if p.Kind == spec.Short {
						want = append(want, fmt.Sprintf("%s %d %s", name, p.Offset, verifyNames[p.Kind]))
						break
					}
					joined := p.Offset == end && (kind == spec.Zeroed || kind == spec.Stale) // into one run
					end = p.Offset + p.Length
					if !joined && string(got[p.Offset:p.Offset+p.Length]) != string(right[p.Offset:p.Offset+p.Length]) {
						want = append(want, fmt.Sprintf("%s %d %s", name, p.Offset, verifyNames[p.Kind]))
					}
				}
			}
			r := dgenfs(t, append(append([]string{"verify", "--json"}, args...), copied)...)
			var report struct {
				Damage []struct {
					File, Kind string
					Offset     int64
				}
			}
			if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.status != 1 {
				t.Fatalf("exit status %d, %v: %s%s", r.status, err, r.stdout, r.stderr)
			}
			var found []string
			for _, d := range report.Damage {
				found = append(found, fmt.Sprintf("%s %d %s", d.File, d.Offset, d.Kind))
			}
			slices.Sort(want)
			slices.Sort(found)
			if len(want) < 5 || !slices.Equal(found, want) {
				t.Errorf("verify finds\n%s\nand there is\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}
