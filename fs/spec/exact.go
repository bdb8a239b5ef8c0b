package spec

import "math"

// Functions of floating-point numbers that return the same on every CPU, which
// those of package math do not: some are assembly, and elsewhere a product and a
// sum may become one operation that rounds once. A conversion to float64 rounds,
// and so prevents that. Additions, divisions and square roots are exact enough
// as they are: IEEE 754 leaves them no choice.

// exp2 returns 2^x, for x of a size; its relative error is below 1e-14.
func exp2(x float64) float64 {
	whole := math.Floor(x + 0.5)
	t := float64((x - whole) * math.Ln2) // from -0.35 to 0.35
	sum := 1.0
	for n := 14.0; n >= 1; n-- {
		sum = 1 + float64(t/n*sum)
	}
	return math.Ldexp(sum, int(whole))
}

// log2 returns the binary logarithm of x, which is above 0.
func log2(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	// ln(m) = 2 atanh(t), with t from -0.18 to 0.18
	t := (m - 1) / (m + 1)
	sum := polynomial(float64(t*t), 1.0/23, 1.0/21, 1.0/19, 1.0/17, 1.0/15, 1.0/13, 1.0/11, 1.0/9, 1.0/7, 1.0/5, 1.0/3, 1)
	return float64(e) + float64(2*t*sum)/math.Ln2
}

// polynomial returns the value at x of the polynomial of these coefficients, that
// of the highest power first.
func polynomial(x float64, coefficients ...float64) float64 {
	sum := 0.0
	for _, c := range coefficients {
		sum = c + float64(sum*x)
	}
	return sum
}

// normalQuantile returns the number that a share p of the standard normal
// distribution is below, to 7 digits, for p from above 0 to one half: PPND7 of
// Wichura's algorithm AS 241 (Applied Statistics 37, 1988).
func normalQuantile(p float64) float64 {
	q := p - 0.5
	if q >= -0.425 {
		r := 0.180625 - float64(q*q)
		return float64(q*polynomial(r, 59.109374720, 159.29113202, 50.434271938, 3.3871327179)) /
			polynomial(r, 67.187563600, 78.757757664, 17.895169469, 1)
	}
	r := math.Sqrt(float64(-log2(p) * math.Ln2))
	if r <= 5 {
		r -= 1.6
		return -polynomial(r, 0.17023821103, 1.3067284816, 2.7568153900, 1.4234372777) /
			polynomial(r, 0.12021132975, 0.73700164250, 1)
	}
	r -= 5
	return -polynomial(r, 0.017337203997, 0.42868294337, 3.0812263860, 6.6579051150) /
		polynomial(r, 0.012258202635, 0.24197894225, 1)
}
