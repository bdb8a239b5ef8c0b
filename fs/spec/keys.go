package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/spec/nearest"
)

// keys in the order in which String writes them.
var keys = slices.Concat(
	[]string{"seed", "dedup", "unit", "run", "skew", "scope", "group", "compress"},
	textureKeys,
	holesKeys,
	revisionKeys,
	formatKeys,
	[]string{"rate", "latency", "fail", "corrupt"},
	attributeKeys,
)

// unknownKey returns the error about a key behind a size.
func unknownKey(size, key string, many bool) error {
	if isDigits(size) && leadingDigits(key) > 0 {
		if err := bytesize.Fraction(size + "," + key); err != nil {
			return err // 1,5G
		}
	}
	known := keys
	if many {
		known = slices.Concat(keys, filesKeys)
	}
	meant := ""
	if word := nearest.Of(strings.ToLower(strings.TrimSpace(key)), known); word != "" {
		meant = fmt.Sprintf("did you mean %s? ", word)
	}
	return fmt.Errorf("key %q is unknown; %sthere are %s", Cut(key), meant, strings.Join(known, ", "))
}
