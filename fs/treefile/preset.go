package treefile

import (
	"embed"
	"path"
	"strings"
)

//go:embed presets/*.tree
var presets embed.FS

const presetEnding = ".tree"

// Preset returns the tree file that is built in under a name, with the sources of
// its numbers in comments; false if there is none.
func Preset(name string) ([]byte, bool) {
	text, err := presets.ReadFile("presets/" + name + presetEnding)
	return text, err == nil && path.Base(name) == name
}

// Presets returns the names of all tree files that are built in, sorted.
func Presets() (names []string) {
	files, _ := presets.ReadDir("presets") // which is always there
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), presetEnding))
	}
	return names
}
