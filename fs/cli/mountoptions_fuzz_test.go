package cli

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// Any list of options is either understood or refused in one line, and says the
// same when it is split and joined again.
func FuzzOptions(f *testing.F) {
	for _, list := range []string{
		`size=64G\,dedup=3,seed=7,allow_other`, "preset=home,count=1000,generation=2,change=2%,shard=1/3", `file=a\\{0..9}:lognormal:64K:1.5`,
		"uid=1000,gid=100,mode=0440,max_read=128K", "rate=500M,latency=2ms,fail=eio:0.1%,transport=dev", `size="1G,compress=2",files=7`, "numa=off,threads=1,x-systemd.automount",
	} {
		f.Add(list)
	}
	parse := func(list string) (config, error) {
		f := newFlags("mount")
		var m mountFlags
		m.add(f)
		if err := f.Parse([]string{"-o", list}); err != nil {
			return config{}, usageError{err}
		}
		return m.config()
	}
	f.Fuzz(func(t *testing.T, list string) {
		if strings.Contains(list, "tree") {
			return // which reads a file
		}
		c, err := parse(list)
		var wrong usageError
		if err != nil {
			if !errors.As(err, &wrong) {
				t.Errorf("%q: not told as the user's error: %v", list, err)
			}
			return
		}
		again, err := parse(joinOptions(splitOptions(list)))
		if err != nil {
			t.Fatalf("%q: joined again: %v", list, err)
		}
		if c.seed.drawn {
			return
		}
		if p, q := c.placement.String(), again.placement.String(); p != q {
			t.Errorf("%q: %s, and joined again %s", list, p, q)
		}
		c.placement, again.placement = nil, nil // which hold how much memory there is at the moment
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%q says %+v, and joined again %+v", list, c, again)
		}
	})
}
