package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Link says that the entries of a pattern are links. The zero value is none.
type Link struct {
	Kind   LinkKind
	Target string // the pattern of where they point to; package tree reads it
}

// LinkKind is a kind of link: the word that a SPEC of links begins with.
type LinkKind string

const (
	Symlink  LinkKind = "symlink"  // a symbolic link, whose target need not exist
	Hardlink LinkKind = "hardlink" // more names of the files of an entry, whose NAME is the target
)

// linkKinds are all of them.
var linkKinds = []LinkKind{Symlink, Hardlink}

// IsZero reports whether there is no link.
func (l Link) IsZero() bool { return l == Link{} }

func (l Link) String() string { return string(l.Kind) + "=" + l.Target }

// keys returns which keys may follow.
func (l Link) keys() []string {
	if l.Kind == Hardlink {
		return nil
	}
	return []string{"uid", "gid", "mtime", "share"}
}

// IsLink reports whether a SPEC is of links: symlink=TARGET, or hardlink=NAME.
func IsLink(s string) bool {
	word, _, ok := strings.Cut(s, "=")
	return ok && slices.Contains(linkKinds, LinkKind(word))
}

// parseLink reads the SPEC of links: what they are and where they point to, then some of the
// keys of files.
func parseLink(s string) (f Files, err error) {
	first, rest, more := strings.Cut(s, ",")
	kind, target, _ := strings.Cut(first, "=")
	f.Link = Link{LinkKind(kind), target}
	if target == "" {
		return Files{}, fmt.Errorf("%s has no target; write %s=TARGET", kind, kind)
	}
	var given []string
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		key, value, hasValue := strings.Cut(part, "=")
		known := f.Link.keys()
		switch {
		case known == nil:
			return Files{}, fmt.Errorf("%q: a hard link is the file that it names, and has no keys of its own; a comma in that name is written \\x2c", Cut(part))
		case !slices.Contains(known, key) && !slices.Contains(keys, key):
			return Files{}, fmt.Errorf("%q: a link has the keys %s; a comma in its target is written \\x2c", Cut(part), strings.Join(known, ", "))
		case !slices.Contains(known, key):
			return Files{}, fmt.Errorf("key %q is not one of a %s, which has %s", Cut(key), kind, strings.Join(known, ", "))
		case !hasValue:
			return Files{}, fmt.Errorf("key %q has no value; write %s=VALUE", Cut(key), key)
		case slices.Contains(given, key):
			return Files{}, fmt.Errorf("key %q is given twice; give it once", Cut(key))
		}
		given = append(given, key)
		if key == "share" {
			err = f.set(key, value)
		} else {
			err = f.Attributes.set(key, value)
		}
		if err != nil {
			return Files{}, err
		}
	}
	return f, nil
}

// errLink is the error about a link where a single file is described.
var errLink = errors.New("a link is an entry of a tree, not what a file is; write it in --file or a tree file")
