package numa

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLocate(t *testing.T) {
	nodes := withMemory(t, 1)
	// More than one call of the kernel takes, and not a multiple.
	p := mapping(t, 1000)
	checkLocated(t, "untouched", p, -1)
	for i := 0; i < len(p); i += 3 * pageSize {
		p[i] = 1
	}
	if p[pageSize] != 0 { // a page that was only read: TestLocateZeros
		t.Error("a new page is not of zeros")
	}
	for i, node := range located(t, p) {
		if touched := i%3 == 0; touched && !nodes.Contains(node) || !touched && node != -1 {
			t.Errorf("page %d, touched: %v, is on node %d", i, touched, node)
		}
	}
	touch(p)
	if i := slices.IndexFunc(located(t, p), func(node int) bool { return !nodes.Contains(node) }); i >= 0 {
		t.Errorf("page %d is on node %d, but was touched", i, located(t, p)[i])
	}
}

// Numbers of pages around those that one call takes.
func TestLocateMany(t *testing.T) {
	p := mapping(t, 2)
	touch(p[pageSize:])
	node := located(t, p)[1]
	for _, n := range []int{0, 1, 2, 255, 256, 257, 511, 512, 513, 2000} {
		var offsets, want []int
		for i := range n {
			if i%5 == 2 {
				offsets, want = append(offsets, i), append(want, -1)
			} else {
				offsets, want = append(offsets, 2*pageSize-1-i), append(want, node)
			}
		}
		nodes := slices.Repeat([]int{-7}, n+1)
		placed(t, Locate(p, offsets, nodes))
		if !slices.Equal(nodes[:n], want) {
			t.Errorf("Locate of %d offsets: %v, want %v", n, nodes[:n], want)
		}
		if nodes[n] != -7 {
			t.Errorf("Locate of %d offsets set node %d", n, n)
		}
	}
}

func TestLocateInPages(t *testing.T) {
	p := mapping(t, 3)
	p[pageSize+17] = 1
	node := located(t, p)[1]
	if node < 0 {
		t.Fatal("a page that was touched is on no node")
	}
	tests := []struct{ off, want int }{
		{0, -1}, {1, -1}, {pageSize - 1, -1},
		{pageSize, node}, {pageSize + 1, node}, {pageSize + 17, node}, {2*pageSize - 1, node},
		{2 * pageSize, -1}, {3*pageSize - 1, -1},
	}
	// Also of a part of the mapping that does not begin with a page.
	for _, skip := range []int{0, 1, pageSize - 1} {
		for _, test := range tests {
			if test.off < skip {
				continue
			}
			nodes := []int{-7}
			placed(t, Locate(p[skip:], []int{test.off - skip}, nodes))
			if nodes[0] != test.want {
				t.Errorf("offset %d of pages from %d is on node %d, want %d", test.off-skip, skip, nodes[0], test.want)
			}
		}
	}
}

// Reading makes no page: there is one of zeros for all.
func TestLocateZeros(t *testing.T) {
	p := mapping(t, 10)
	sum := byte(0)
	for i := 0; i < len(p); i += pageSize {
		sum += p[i]
	}
	checkLocated(t, "pages that were read", p, -1)
	touch(p)
	if i := slices.Index(located(t, p), -1); i >= 0 || sum != 0 {
		t.Errorf("page %d was read, then written, and is nowhere", i)
	}
}

func TestLocateHugePages(t *testing.T) {
	const huge = 2 << 20
	p := mapping(t, 3*huge/pageSize)
	// Two blocks that a huge page fits in.
	p = p[(huge-int(address(p, 0)%huge))%huge:][:2*huge]
	if err := unix.Madvise(p, unix.MADV_HUGEPAGE); err != nil {
		t.Skipf("needs huge pages: madvise: %v", err)
	}
	p[huge+12345] = 1
	nodes := located(t, p)
	small := nodes[huge/pageSize:]
	checkLocated(t, "huge page beside the one touched", p[:huge], -1)
	node := small[12345/pageSize]
	if node < 0 {
		t.Fatalf("a page that was touched is on node %d", node)
	}
	made := 0
	for i, n := range small {
		switch n {
		case node:
			made++
		case -1:
		default:
			t.Errorf("page %d is on node %d, but the one touched is on node %d", i, n, node)
		}
	}
	if made < len(small) {
		t.Skip("needs huge pages: the kernel made none")
	}
	for _, off := range []int{huge, huge + 1, 2*huge - 1} {
		one := []int{-7}
		placed(t, Locate(p, []int{off}, one))
		if one[0] != node {
			t.Errorf("offset %d of a huge page is on node %d, want %d", off, one[0], node)
		}
	}
}

func TestLocateAllocates(t *testing.T) {
	p := mapping(t, 1000)
	located(t, p)
	offsets, nodes := make([]int, 1000), make([]int, 1000)
	for i := range offsets {
		offsets[i] = i * pageSize
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := Locate(p, offsets, nodes); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Locate allocates %v times", n)
	}
}

// BenchmarkLocate asks for the nodes of all pages of 256 MiB.
func BenchmarkLocate(b *testing.B) {
	const pages = 256 << 20 / 4096
	for name, prepare := range map[string]func(p []byte){
		"pages=none": func(p []byte) {},
		"pages=small": func(p []byte) {
			unix.Madvise(p, unix.MADV_NOHUGEPAGE)
			touch(p)
		},
		"pages=huge": func(p []byte) {
			unix.Madvise(p, unix.MADV_HUGEPAGE)
			touch(p)
		},
	} {
		b.Run(name, func(b *testing.B) {
			p, err := unix.Mmap(-1, 0, pages*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			if err != nil {
				b.Fatal(err)
			}
			defer unix.Munmap(p)
			prepare(p)
			offsets, nodes := make([]int, pages), make([]int, pages)
			for i := range offsets {
				offsets[i] = i * 4096
			}
			for b.Loop() {
				if err := Locate(p, offsets, nodes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/pages, "ns/page")
		})
	}
}
