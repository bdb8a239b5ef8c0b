// Package nearest finds the word that was probably meant by one that is wrong.
package nearest

// longest is the length of the longest word that is looked at, in bytes. Longer ones come
// from elsewhere, and would take long.
const longest = 32

// Of returns the one of words that is most like word; "" if none is within two mistakes,
// or fewer for short words, most of which are near to one another.
func Of(word string, words []string) string {
	if len(word) > longest {
		return ""
	}
	best, at := "", 3
	for _, w := range words {
		if d := distance(word, w); d < at && d <= (len(w)+1)/3 {
			best, at = w, d
		}
	}
	return best
}

// distance returns how many letters have to be inserted, left out, replaced, or
// exchanged with their neighbour to turn a into b.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
