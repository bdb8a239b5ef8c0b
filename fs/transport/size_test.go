package transport

import "testing"

func TestIsZen(t *testing.T) {
	for text, want := range map[string]bool{
		"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n\nprocessor\t: 1\n": true,
		"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 23\n":                                  true,
		"processor\t: 0\nvendor_id\t: HygonGenuine\ncpu family\t: 24\n":                                  true,
		"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 21\n":                                  false, // Bulldozer
		"processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 207\n":                   false,
		"processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU architecture: 8\n":              false,
		"processor\t: 0\nvendor_id\t: GenuineIntel\n\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n":     false,
		"": false,
	} {
		if got := isZen(text); got != want {
			t.Errorf("%q is of a Zen CPU: %v, want %v", text, got, want)
		}
	}
}

func TestChooseRequest(t *testing.T) {
	for _, most := range []int{4 << 10, 256 << 10, 1 << 20, 4 << 20} {
		size, why := ChooseRequest(most)
		if size > most || size < min(most, DefaultRequest) || why == "" {
			t.Errorf("of at most %d bytes, %d are chosen, because %q", most, size, why)
		}
	}
}
