package spec

import (
	"fmt"
	"math"
)

// quantile returns the size that a share of the distribution, up to one half, is
// below, or above if fromAbove is set. There are more numbers close to 0 than
// to 1, so the nearer end is the exact one.
func (d Sizes) quantile(share float64, fromAbove bool) float64 {
	if d.Median > 0 || d.Mean > 0 {
		z := normalQuantile(share)
		if fromAbove {
			z = -z
		}
		var size float64
		if d.Median > 0 {
			size = exp2(log2(float64(d.Median)) + float64(z*d.Sigma)/math.Ln2)
		} else {
			size = float64(d.Mean) + float64(z*float64(d.Deviation))
		}
		if d.Max > 0 {
			size = min(size, float64(d.Max))
		}
		if d.Min > 0 {
			size = max(size, float64(d.Min))
		}
		return size
	}
	from, to := log2(float64(d.From)), log2(float64(d.To))
	if fromAbove {
		from, to = to, from
	}
	return exp2(from + float64((to-from)*share))
}

// at returns the size of the file at a place of n files.
func (d Sizes) at(place, n uint64) float64 {
	if d.Side > 0 {
		a, b := d.Sides(place, n)
		return float64(float64(a) * float64(b)) // no fused operation
	}
	if place < n/2 {
		return d.quantile((float64(place)+0.5)/float64(n), false)
	}
	return d.quantile((float64(n-1-place)+0.5)/float64(n), true)
}

// At returns the size in bytes of the file at a place, from 0 for the smallest to
// n-1 for the largest of n files, or for the smallest and the largest first side. It is
// the same on every machine. Check must allow n.
func (d Sizes) At(place, n uint64) int64 {
	if d.Side > 0 {
		a, b := d.Sides(place, n)
		return a * b
	}
	size := int64(min(d.at(place, n)+0.5, mostFloat))
	if d.To > 0 {
		return min(max(size, d.From), d.To) // what rounding has gone beyond
	}
	return d.bound(size)
}

// golden is 2^64 by the golden ratio: its multiples modulo 2^64 are spread evenly, of
// whichever number of them.
const golden = 0x9E3779B97F4A7C15

// Sides returns the two sides whose product is the size of the file at a place of n, if
// sizes are products.
func (d Sizes) Sides(place, n uint64) (a, b int64) {
	var first float64
	if place < n/2 {
		first = normalQuantile((float64(place) + 0.5) / float64(n))
	} else {
		first = -normalQuantile((float64(n-1-place) + 0.5) / float64(n))
	}
	share := (place + 1) * golden // in 2^-64
	var second float64
	if share < 1<<63 {
		second = normalQuantile(float64(share) / (1 << 64))
	} else {
		second = -normalQuantile(float64(-share) / (1 << 64))
	}
	return d.side(first), d.side(second)
}

// ends returns a side below and one above all those of n files.
func (d Sizes) ends(n uint64) (least, most int64) {
	// No fractional part of the first n multiples of the golden ratio is nearer to 0 or 1
	// than 1/(sqrt(5)*(n+1)).
	z := normalQuantile(0.4 / (float64(n) + 1))
	return d.side(z), d.side(-z)
}

// side returns a side that is z standard deviations above the mean.
func (d Sizes) side(z float64) int64 {
	return int64(max(1, math.Floor(float64(d.Side)+float64(z*d.SideDeviation))))
}

// Check returns an error if the smallest or the largest of n files, 1 or more, would be
// too small or too large.
func (d Sizes) Check(n uint64) error {
	if d.Side > 0 || d.To > 0 {
		return nil // by their limits
	}
	if smallest := d.at(0, n) + 0.5; smallest < 0 {
		return fmt.Errorf("sizes %q: the smallest of %d files has %.3g bytes; make sigma smaller, or write the smallest size, as %s:1.. does", d, n, smallest, d)
	}
	if largest := d.at(n-1, n) + 0.5; largest >= math.MaxInt64 {
		middle := "median"
		if d.Mean > 0 {
			middle = "mean"
		}
		return fmt.Errorf("sizes %q: the largest of %d files has %.3g bytes, and the largest size is 8E-1; make sigma or the %s smaller, or fewer files", d, n, largest, middle)
	}
	return nil
}

// Sum returns the size of n files together in bytes, exactly up to a thousand of
// them and within a thousandth beyond, but for the rounding of each size to whole
// bytes; from 2^64 bytes on it is math.MaxUint64.
func (d Sizes) Sum(n uint64) uint64 {
	if d.Side > 0 {
		return d.sumOfProducts(n)
	}
	// Near the ends one by one, and then in blocks that grow with the distance
	// from the nearer end, as the size changes with its logarithm.
	const single, blocks = 512, 64
	sum := 0.0
	for at := uint64(0); at < n/2; {
		count := uint64(1)
		if at >= single {
			count = min(at/blocks, n/2-at)
		}
		share := (float64(at) + float64(count)/2) / float64(n)
		sum += float64(float64(count) * (d.quantile(share, false) + d.quantile(share, true)))
		at += count
	}
	if n%2 == 1 {
		sum += d.at(n/2, n)
	}
	return whole(max(sum, 0))
}

// sumOfProducts is Sum where sizes are products: beyond some thousands, the mean is
// taken for that of these.
func (d Sizes) sumOfProducts(n uint64) uint64 {
	const single = 8192
	sum := 0.0
	few := min(n, single)
	for at := range few {
		sum += d.at(at, few)
	}
	return whole(float64(sum/float64(few)) * float64(n))
}

// whole returns a sum of bytes; math.MaxUint64 if it is as large or larger.
func whole(sum float64) uint64 {
	if sum >= math.MaxUint64 {
		return math.MaxUint64
	}
	return uint64(sum)
}
