//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A tree that changes: many files of one unit, some of many, groups and copies.
var changing = []string{"--seed", "5", "--file", "d{0..9}/{000..099}.dat:16K", "--file", "big{0..1}:20000003", "--file", "copies:10M,dedup=3",
	"--file", "g/{00..39}.bin:96K,dedup=2,scope=group,unit=16K", "--file", "s{000..099}:1K..1M,unit=32K", "--file", "none{0..9}:0"}

func generationOf(k int, args ...string) []string {
	return append(append(slices.Clone(changing), "--generation", fmt.Sprint(k)), args...)
}

// seen is a file as it is in a mount.
type seen struct {
	inode uint64
	mtime time.Time
	units []string // hashes of its units
	size  int64
}

// look reads all files of a mount.
func look(t *testing.T, dir string) map[string]seen {
	t.Helper()
	all := make(map[string]seen)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			return err
		}
		if st.Ctim != st.Mtim {
			t.Errorf("%s: ctime %v, mtime %v", path, st.Ctim, st.Mtim)
		}
		name := path[len(dir)+1:]
		unit := 128 << 10
		switch name[0] {
		case 'g':
			unit = 16 << 10
		case 's':
			unit = 32 << 10
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		s := seen{inode: st.Ino, mtime: time.Unix(st.Mtim.Unix()).UTC(), size: st.Size}
		buf := make([]byte, unit)
		for {
			n, err := io.ReadFull(f, buf)
			if n > 0 {
				sum := sha256.Sum256(buf[:n])
				s.units = append(s.units, string(sum[:]))
			}
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				break
			} else if err != nil {
				return err
			}
		}
		all[name] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func dayOf(k int) time.Time { return time.Date(2000, 1, 1+k, 0, 0, 0, 0, time.UTC) }

// of reports whether t is the time of a file that generation k changed.
func of(k int, t time.Time) bool { return t.After(dayOf(k-1)) && !t.After(dayOf(k)) }

// compare checks that times show what has changed, and returns the files that were
// added, changed and removed.
func compare(t *testing.T, k int, before, after map[string]seen) (added, changed, removed []string) {
	t.Helper()
	for name, b := range after {
		a, ok := before[name]
		if !ok {
			added = append(added, name)
			if !of(k, b.mtime) {
				t.Errorf("generation %d adds %s, with the time %v", k, name, b.mtime)
			}
			continue
		}
		differs := !slices.Equal(a.units, b.units)
		timely := b.mtime.Equal(a.mtime)
		if differs {
			changed, timely = append(changed, name), of(k, b.mtime)
		}
		if a.inode != b.inode || a.size != b.size || !timely {
			t.Errorf("%s, whose bytes differ: %v, has inode %d, %d bytes and the time %v in generation %d, %d, %d and %v before", name, differs, b.inode, b.size, b.mtime, k, a.inode, a.size, a.mtime)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			removed = append(removed, name)
		}
	}
	for _, names := range [][]string{added, changed, removed} {
		slices.Sort(names)
	}
	return added, changed, removed
}

// Each generation changes the share of the units that was asked for, give or take
// one unit.
func TestGenerationsChange(t *testing.T) {
	before := look(t, mount(t, changing...))
	for name, s := range before {
		if !of(0, s.mtime) {
			t.Errorf("%s has the time %v in generation 0", name, s.mtime)
		}
	}
	for k := 1; k <= 3; k++ {
		mnt := mount(t, generationOf(k, "--change", "2%")...)
		after := look(t, mnt)
		added, changed, removed := compare(t, k, before, after)
		if len(added)+len(removed) > 0 {
			t.Errorf("generation %d adds %q, removes %q", k, added, removed)
		}
		replaced := make(map[string]map[string]bool) // units that are not what they were
		ofOne := 0
		for _, name := range changed {
			key := name
			switch name[0] {
			case 'd':
				ofOne++
				continue
			case 'g':
				key = "g"
			case 's', 'n':
				continue
			}
			if replaced[key] == nil {
				replaced[key] = make(map[string]bool)
			}
			for i, unit := range before[name].units {
				if after[name].units[i] != unit {
					replaced[key][unit] = true
				}
			}
		}
		if ofOne < 19 || ofOne > 21 {
			t.Errorf("generation %d changes %d of 1000 files of one unit, want 20", k, ofOne)
		}
		for key, distinct := range map[string]float64{"big0": 153, "big1": 153, "copies": 80 / 3., "g": 120} {
			if n, want := float64(len(replaced[key])), distinct*0.02; n < want-1 || n > want+1 {
				t.Errorf("generation %d replaces %.0f distinct units of %s, want %.2f", k, n, key, want)
			}
		}
		// The attribute of a file has all that it takes to make the file elsewhere.
		for _, name := range []string{changed[0], changed[len(changed)-1], "big0", "big1", "copies", "g/07.bin"} {
			buf := make([]byte, 300)
			n, err := unix.Getxattr(filepath.Join(mnt, name), "user.dgenfs.spec", buf)
			if err != nil {
				t.Fatal(err)
			}
			same(t, string(buf[:n]), []byte(dgenfs(t, "cat", string(buf[:n])).stdout), []byte(output(t, "cat", filepath.Join(mnt, name))))
		}
		before = after
	}
}

// Exactly the files into which something is inserted have a later time, of large ones all.
func TestGenerationsInsert(t *testing.T) {
	args := append(slices.Clone(changing), "--insert", "3%")
	before := look(t, mount(t, append(slices.Clone(args), "--generation", "1")...))
	mnt := mount(t, append(slices.Clone(args), "--generation", "2")...)
	after := look(t, mnt)
	added, changed, removed := compare(t, 2, before, after)
	if len(added)+len(removed) > 0 || !slices.Contains(changed, "big0") || len(changed) == len(after) {
		t.Errorf("generation 2 adds %q, removes %q, changes %q", added, removed, changed)
	}
	var spec [300]byte
	n, err := unix.Getxattr(filepath.Join(mnt, "big0"), "user.dgenfs.spec", spec[:])
	if err != nil {
		t.Fatal(err)
	}
	same(t, "big0", []byte(dgenfs(t, "cat", string(spec[:n])).stdout), []byte(output(t, "cat", filepath.Join(mnt, "big0"))))
}

var comingAndGoing = []string{"--change", "2%", "--grow", "1%", "--delete", "1.5%"}

func TestGenerationsGrowAndShrink(t *testing.T) {
	before := look(t, mount(t, changing...))
	for k := 1; k <= 3; k++ {
		mnt := mount(t, generationOf(k, comingAndGoing...)...)
		after := look(t, mnt)
		added, _, removed := compare(t, k, before, after)
		count := func(names []string) (n float64) {
			for _, name := range names {
				if name[0] == 'd' {
					n++
				}
			}
			return n
		}
		present := 1000 * (1 - 0.005*float64(k-1))
		if n := count(added); n < 0.01*present-1.01 || n > 0.01*present+1.01 {
			t.Errorf("generation %d adds %.0f files, want %.1f", k, n, 0.01*present)
		}
		if n := count(removed); n < 0.015*present-1.01 || n > 0.015*present+1.01 {
			t.Errorf("generation %d removes %.0f files, want %.1f", k, n, 0.015*present)
		}
		for _, line := range found(t, mnt, "%T@ %C@", "-type", "d") {
			want := fmt.Sprintf("%d.0000000000", dayOf(k).Unix())
			if line != want+" "+want {
				t.Errorf("generation %d: a directory has the times %s, want %s", k, line, want)
			}
		}
		before = after
	}
}

// Tools that look for changes find these, no more and no fewer.
func TestIncrementalTools(t *testing.T) {
	need(t, "rsync", "restic")
	dir := t.TempDir()
	mnt, copied := filepath.Join(dir, "mnt"), filepath.Join(dir, "copy")
	if err := os.Mkdir(mnt, 0o755); err != nil {
		t.Fatal(err)
	}
	restic := func(args ...string) string {
		cmd := command(t, "restic", append([]string{"--quiet", "--repo", dir + "/repo", "--cache-dir", dir + "/cache"}, args...)...)
		cmd.Env = append(os.Environ(), "RESTIC_PASSWORD=for tests")
		r := try(t, cmd)
		if r.status != 0 {
			t.Fatalf("restic %q: %+v", args, r)
		}
		return r.stdout
	}
	mountAt(t, mnt, generationOf(1, comingAndGoing...)...)
	before := look(t, mnt)
	output(t, "rsync", "-a", mnt+"/", copied+"/")
	restic("init")
	restic("backup", mnt)
	if r := dgenfs(t, "umount", mnt); r.status != 0 {
		t.Fatal(r.stderr)
	}

	mountAt(t, mnt, generationOf(2, comingAndGoing...)...)
	after := look(t, mnt)
	added, changed, removed := compare(t, 2, before, after)
	var got [3][]string
	for line := range strings.Lines(output(t, "rsync", "-a", "--delete", "--itemize-changes", mnt+"/", copied+"/")) {
		what, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		name = strings.TrimLeft(name, " ")
		switch {
		case strings.HasPrefix(what, ">f+++"):
			got[0] = append(got[0], name)
		case strings.HasPrefix(what, ">f"):
			got[1] = append(got[1], name)
		case what == "*deleting":
			got[2] = append(got[2], name)
		case !strings.HasPrefix(what, ".d"):
			t.Errorf("rsync: %s", line)
		}
	}
	for i, want := range [][]string{added, changed, removed} {
		if slices.Sort(got[i]); !slices.Equal(got[i], want) || len(want) == 0 {
			t.Errorf("of the files that %s, rsync finds %q, want %q", []string{"were added", "have changed", "were removed"}[i], got[i], want)
		}
	}
	output(t, "diff", "-r", mnt, copied)
	if newer := found(t, mnt, "%P", "-type", "f", "-newermt", "2000-01-02 00:00Z"); len(newer) != len(added)+len(changed) {
		t.Errorf("find finds %d files of the day, want %d", len(newer), len(added)+len(changed))
	}

	var summary struct {
		New     int `json:"files_new"`
		Changed int `json:"files_changed"`
		Same    int `json:"files_unmodified"`
	}
	for line := range strings.Lines(restic("backup", "--json", mnt)) {
		if strings.Contains(line, `"summary"`) {
			if err := json.Unmarshal([]byte(line), &summary); err != nil {
				t.Fatal(err)
			}
		}
	}
	if summary.New != len(added) || summary.Changed != len(changed) || summary.Same != len(after)-len(added)-len(changed) {
		t.Errorf("restic: %+v; want %d new, %d changed of %d", summary, len(added), len(changed), len(after))
	}
	makeRemovable(t, copied)
}

// Files that exist without being listed have generations, too.
func TestGenerationsOfNames(t *testing.T) {
	mnt, third := mount(t), mount(t, "--generation", "3", "--change", "50%")
	cat := func(dir, name string) []byte {
		return []byte(output(t, "cat", filepath.Join(dir, name)))
	}
	for name, day := range map[string]int{"1M,generation=3,change=50%": 3, "1M,seed=4,change=50%,generation=2": 2, "1M,generation=3": 0, "1M,change=100%": 0, "0,generation=3,change=50%": 0} {
		same(t, name, cat(mnt, name), []byte(dgenfs(t, "cat", name).stdout))
		if got := timeOf(t, filepath.Join(mnt, name)); !of(day, got) {
			t.Errorf("%s has the time %v", name, got)
		}
	}
	if got, want := timeOf(t, filepath.Join(third, "1M")), timeOf(t, filepath.Join(mnt, "1M")).AddDate(0, 0, 3); !got.Equal(want) {
		t.Errorf("1M has the time %v, want %v", got, want)
	}
	// Files of one seed are generations of each other, and so are mounts of one seed.
	for _, pair := range [][2][]byte{
		{cat(mnt, "1M,seed=4,generation=2,change=50%"), cat(mnt, "1M,seed=4,generation=3,change=50%")},
		{cat(mount(t, "--generation", "2", "--change", "50%"), "1M"), cat(third, "1M")},
	} {
		differ := 0
		for at := 0; at < 1<<20; at += 128 << 10 {
			if string(pair[0][at:at+128<<10]) != string(pair[1][at:at+128<<10]) {
				differ++
			}
		}
		if differ != 4 {
			t.Errorf("%d of 8 units differ, want 4", differ)
		}
	}
	same(t, "a name with a generation", cat(third, "1M,seed=4,generation=2,change=50%"), cat(mnt, "1M,seed=4,generation=2,change=50%"))
}

func timeOf(t *testing.T, path string) time.Time {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.ModTime().UTC()
}
