//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// hasBirth reports whether this kernel asks FUSE servers for times of birth.
func hasBirth(t *testing.T) bool {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major > 6 || major == 6 && minor >= 6
}

func statx(t *testing.T, path string, flags, mask int) unix.Statx_t {
	t.Helper()
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, flags, mask, &st); err != nil {
		t.Fatalf("statx of %s with mask %#x: %v", path, mask, err)
	}
	return st
}

func stampOf(t unix.StatxTimestamp) time.Time { return time.Unix(t.Sec, int64(t.Nsec)).UTC() }

// statx reports the same, whatever is asked for, in which order and how.
func TestStatxMasks(t *testing.T) {
	mnt := mount(t, "--file", "d/x{0..9}:12345")
	birth := uint32(0)
	if hasBirth(t) {
		birth = unix.STATX_BTIME
	}
	masks := []int{unix.STATX_BTIME, 0, unix.STATX_ALL, unix.STATX_BASIC_STATS, unix.STATX_BASIC_STATS | unix.STATX_BTIME,
		unix.STATX_BASIC_STATS | unix.STATX_DIOALIGN | unix.STATX_MNT_ID | unix.STATX_SUBVOL, 0x7fffffff}
	for bit := range 31 {
		masks = append(masks, 1<<bit)
	}
	for i, path := range []string{"", "d", "d/x3", "5K,dedup=2", ".dgenfs", ".dgenfs/version"} {
		path = filepath.Join(mnt, path)
		if i%2 == 0 {
			slices.Reverse(masks)
		}
		want := statx(t, path, unix.AT_STATX_FORCE_SYNC, unix.STATX_BASIC_STATS|unix.STATX_BTIME)
		for _, mask := range masks {
			for _, flags := range []int{unix.AT_STATX_SYNC_AS_STAT, unix.AT_STATX_FORCE_SYNC, unix.AT_STATX_DONT_SYNC} {
				got := statx(t, path, flags, mask)
				if asked := uint32(mask) & (unix.STATX_BASIC_STATS | birth); got.Mask&asked != asked {
					t.Errorf("%s: mask %#x gets %#x", path, mask, got.Mask)
				}
				if got.Mask&^birth&unix.STATX_BTIME != 0 {
					t.Errorf("%s: a time of birth, which this kernel does not ask for", path)
				}
				got.Mask, got.Btime, got.Mnt_id = want.Mask, want.Btime, want.Mnt_id
				got.Dio_mem_align, got.Dio_offset_align = want.Dio_mem_align, want.Dio_offset_align
				if got != want {
					t.Errorf("%s, mask %#x, flags %#x: %+v, want %+v", path, mask, flags, got, want)
				}
			}
		}
		if mode := want.Mode & unix.S_IFMT; want.Attributes&^unix.STATX_ATTR_MOUNT_ROOT != 0 || mode == unix.S_IFREG && want.Size == 0 {
			t.Errorf("%s: %+v", path, want)
		}
	}
}

// births returns the times of birth of all files and directories by path, and fails the
// test if one is later than the last change.
func births(t *testing.T, mnt string) map[string]time.Time {
	t.Helper()
	all := make(map[string]time.Time)
	err := filepath.WalkDir(mnt, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st := statx(t, path, 0, unix.STATX_BASIC_STATS|unix.STATX_BTIME)
		birth := stampOf(st.Btime)
		if has := st.Mask&unix.STATX_BTIME != 0; has != hasBirth(t) {
			t.Errorf("%s: a time of birth: %v", path, has)
		} else if has && (birth.After(stampOf(st.Mtime)) || birth.Before(dayOf(-1))) {
			t.Errorf("%s was born %v and changed %v", path, birth, stampOf(st.Mtime))
		}
		all[strings.TrimPrefix(path, mnt)] = birth
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A file has the same time of birth in every mount and in all generations: that of the
// generation that added it.
func TestBirth(t *testing.T) {
	args := []string{"--file", "d{0..9}/x{00..19}:1M", "--file", "y{0..9}:0", "--change", "10%", "--grow", "10%", "--delete", "5%"}
	in := func(k int) map[string]time.Time {
		return births(t, mount(t, append([]string{"--generation", fmt.Sprint(k)}, args...)...))
	}
	before := in(0)
	for k := 1; k <= 3; k++ {
		after, added := in(k), 0
		for path, birth := range after {
			old, ok := before[path]
			switch {
			case ok && !old.Equal(birth):
				t.Errorf("generation %d: %s was born %v, before it was %v", k, path, birth, old)
			case !ok:
				added++
				if hasBirth(t) && !of(k, birth) {
					t.Errorf("generation %d adds %s, born %v", k, path, birth)
				}
			}
		}
		if added == 0 {
			t.Errorf("generation %d adds nothing", k)
		}
		again := in(k)
		for path, birth := range after {
			if !again[path].Equal(birth) {
				t.Errorf("%s was born %v in one mount, %v in another", path, birth, again[path])
			}
		}
		before = after
	}
	if !hasBirth(t) {
		return
	}
	mnt := mount(t)
	if got := output(t, "stat", "-c", "%W %Y", filepath.Join(mnt, "5K,generation=0,change=100%"), filepath.Join(mnt, "5K,generation=9,change=100%")); !sameBirth(got) {
		t.Errorf("two generations of one file have these times of birth and change: %s", got)
	}
}

// sameBirth reports whether two lines have one time of birth, which in the first line is
// that of the last change, and an earlier one in the second.
func sameBirth(lines string) bool {
	var births, changes [2]int64
	if n, _ := fmt.Sscan(lines, &births[0], &changes[0], &births[1], &changes[1]); n != 4 {
		return false
	}
	return births[0] == births[1] && births[0] == changes[0] && births[1] < changes[1]
}

// What is made in a null sink is born then, whatever times it is given.
func TestBirthInSink(t *testing.T) {
	if !hasBirth(t) {
		return
	}
	start := time.Now().Add(-time.Second)
	mnt := mount(t, "--discard")
	for _, command := range []string{"mkdir d", "echo x >d/f", "ln -s x d/l"} {
		output(t, "sh", "-c", "cd \"$0\" && "+command, mnt)
	}
	for _, path := range []string{"d", "d/f", "d/l"} {
		path = filepath.Join(mnt, path)
		output(t, "touch", "-h", "-d", "2001-02-03", path)
		st := statx(t, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_ALL)
		if birth := stampOf(st.Btime); st.Mask&unix.STATX_BTIME == 0 || birth.Before(start) || birth.After(time.Now()) || stampOf(st.Mtime).Year() != 2001 {
			t.Errorf("%s: born %v, changed %v", path, birth, stampOf(st.Mtime))
		}
	}
}
