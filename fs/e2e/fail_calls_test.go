//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Files that cannot be opened or looked up, and directories that cannot be listed, are
// the same ones at every call and in every mount; what tools copy is the rest.
func TestFailCalls(t *testing.T) {
	args := []string{"--file", "d{0..19}/f{0..19}:4K", "--fail", "open:eacces:10%+stat:ebusy:10%+readdir:eio:20%"}
	failing := func(mnt string) (failed []string) {
		for i := range 20 {
			dir := fmt.Sprintf("d%d", i)
			listed, err := os.ReadDir(filepath.Join(mnt, dir))
			if errors.Is(err, syscall.EIO) {
				failed = append(failed, dir)
			} else if err != nil || len(listed) != 20 {
				t.Errorf("%s: %d entries, %v", dir, len(listed), err)
			}
			for j := range 20 {
				path := fmt.Sprintf("%s/f%d", dir, j)
				_, noStat := os.Stat(filepath.Join(mnt, path))
				f, noOpen := os.Open(filepath.Join(mnt, path))
				switch {
				case errors.Is(noStat, syscall.EBUSY) && errors.Is(noOpen, syscall.EBUSY):
					failed = append(failed, "stat "+path)
				case noStat == nil && errors.Is(noOpen, syscall.EACCES):
					failed = append(failed, "open "+path)
				case noStat == nil && noOpen == nil:
					f.Close()
				default:
					t.Errorf("%s: %v, %v", path, noStat, noOpen)
				}
			}
		}
		return failed
	}
	overTransports(t, func(t *testing.T, transport string) {
		mnt := mount(t, append(args, "--transport", transport)...)
		failed := failing(mnt)
		if again := failing(mnt); !slices.Equal(again, failed) {
			t.Errorf("%d fail, and then %d", len(failed), len(again))
		}
		if len(failed) < 30 || len(failed) > 140 { // of some 80, by seven standard deviations
			t.Errorf("%d fail", len(failed))
		}
		if other := failing(mount(t, args...)); !slices.Equal(other, failed) {
			t.Errorf("in another mount, %d fail instead of %d", len(other), len(failed))
		}
		copied := filepath.Join(t.TempDir(), "copy")
		r := try(t, command(t, "cp", "-r", mnt, copied))
		if r.status != 1 {
			t.Errorf("cp: exit status %d", r.status)
		}
		for i := range 20 {
			dir := fmt.Sprintf("d%d", i)
			for j := range 20 {
				path := fmt.Sprintf("%s/f%d", dir, j)
				_, err := os.Stat(filepath.Join(copied, path))
				fails := slices.Contains(failed, dir) || slices.Contains(failed, "stat "+path) || slices.Contains(failed, "open "+path)
				if (err == nil) == fails {
					t.Errorf("%s in the copy: %v", path, err)
				}
				if !slices.Contains(failed, dir) && fails != strings.Contains(r.stderr, "/"+path+"'") {
					t.Errorf("what cp says of %s: %v", path, fails)
				}
			}
		}
	})
}
