package cli

import (
	"fmt"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/spec/nearest"
)

// synonyms are words that people try, and the commands that do what they expect.
var synonyms = map[string]string{
	"unmount": "umount", "fusermount": "umount", "fusermount3": "umount", "detach": "umount", "stop": "umount",
	"ls": "list", "ps": "list", "mounts": "list", "show": "list", "status": "list", "info": "list", "stat": "list", "stats": "list", "df": "list",
	"watch": "top", "monitor": "top", "htop": "top", "iotop": "top", "iostat": "top",
	"read": "cat", "dump": "cat", "print": "cat", "exec": "run", "benchmark": "bench", "numa": "topology", "presets": "tree",
	"start": "mount", "create": "mount", "serve": "mount", "manual": "man", "complete": "completion", "usage": "help",
}

// commandMeant returns the command that a word is, or was probably meant to be; ""
// if there is none.
func commandMeant(word string) string {
	word = strings.ToLower(strings.TrimLeft(word, "-"))
	if command, ok := synonyms[word]; ok {
		return command
	}
	var names []string
	for _, c := range commands() {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return nearest.Of(word, names)
}

// checkSource returns an error if a SOURCE was probably meant to be something else,
// which would then be ignored in silence.
func checkSource(source string) error {
	if command := commandMeant(source); command != "" {
		return usagef("SOURCE %q: did you mean the command %s? Commands come first: dgenfs %s", source, command, command)
	}
	return checkNoSpec("SOURCE", source)
}

// checkNoSpec returns an error if an argument, which the usage calls name, is a SPEC or
// NAME:SPEC.
func checkNoSpec(name, arg string) error {
	if _, err := spec.ParseFiles(arg); err == nil {
		return usagef("%s %q is a SPEC: for a file of it, use --size %s; as a name in the root, it exists in every mount", name, arg, arg)
	}
	if hint := patternHint(arg); hint != "" {
		return usagef("%s %q: %s", name, arg, hint)
	}
	return nil
}

// patternHint says what is wrong if a word is NAME:SPEC; otherwise it returns "".
func patternHint(word string) string {
	name, text, ok := spec.CutName(word)
	if !ok || name == "" {
		return ""
	}
	if _, err := spec.ParseFiles(text); err != nil {
		return ""
	}
	return fmt.Sprintf("looks like NAME:SPEC, which follows --file; quote a pattern, as in --file 'a{0..9}:%s', or the shell makes words of it", text)
}
