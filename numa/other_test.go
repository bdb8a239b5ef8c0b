//go:build !linux

package numa

import "testing"

func TestUnsupported(t *testing.T) {
	_, system := System()
	_, affinity := Affinity()
	_, pin := Pin(NewSet(0))
	for name, err := range map[string]error{
		"System": system, "Affinity": affinity, "Pin": pin,
		"SetPolicy": SetPolicy(make([]byte, 1), Bound, NewSet(0)),
		"Locate":    Locate(nil, nil, nil),
	} {
		if err != ErrUnsupported {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
}
