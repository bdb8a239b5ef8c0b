package transport

import (
	"fmt"
	"os"
	"strings"
)

// DefaultRequest is the default of the largest request on most CPUs, in bytes. It fits
// into a level 2 cache of 2 MiB together with as much of the reader's memory, and into a
// pipe that needs no privilege. On an Intel Xeon (family 6, model 207) 256 KiB were slower
// by a tenth for reads of 1 MiB, and 1 MiB by up to a tenth, also because a request cannot
// have one more page then, for buffers that are not aligned. 4 MiB, where root allows it,
// gave 0.9 to 1.1 of the rate.
const DefaultRequest = 512 << 10

// zenRequest is the default on AMD CPUs since Zen, if replies of that size go through
// pipes. A core reads from the level 3 cache there as fast as a copy goes, so a request
// need not stay in the level 2 cache, and half as many are cheaper. On an EPYC (family 25,
// model 17) reads of 16 MiB were 1.34 times as fast as by requests of 512 KiB, cat 1.17
// times, reads at depth 8 1.05 times, and others about as fast. Without pipes, it gained
// a tenth for one reader and lost a tenth at depth 8.
const zenRequest = 1 << 20

// ChooseRequest returns the default of the largest read request on this machine, in bytes,
// and why it is that. The kernel allows no more than most bytes.
func ChooseRequest(most int) (size int, why string) {
	if most < zenRequest || !isZen(cpuInfo()) {
		return min(DefaultRequest, most), "the default"
	}
	pipe, err := newPipe(zenRequest)
	if err != nil {
		return DefaultRequest, fmt.Sprintf("%dK would be faster on this AMD CPU if replies went through pipes, but: %v", zenRequest>>10, err)
	}
	pipe.close()
	return zenRequest, "the default on AMD CPUs, whose level 3 cache is fast"
}

// cpuInfo describes the CPUs; empty if that is not known.
func cpuInfo() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	return string(text)
}

// isZen reports whether the text, /proc/cpuinfo on x86, is of an AMD CPU since Zen, family
// 23, or one of Hygon, which has that design.
func isZen(text string) bool {
	var vendor string
	var family int
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		switch key, value = strings.TrimSpace(key), strings.TrimSpace(value); key {
		case "vendor_id":
			vendor = value
		case "cpu family":
			fmt.Sscan(value, &family)
		case "": // the next CPU
			return isZenFamily(vendor, family)
		}
	}
	return isZenFamily(vendor, family)
}

func isZenFamily(vendor string, family int) bool {
	return vendor == "HygonGenuine" || vendor == "AuthenticAMD" && family >= 23
}
