package fs

import (
	"log"
	"math"
	"strings"
	"sync"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/gen"
)

// specNameBit marks the node ids of names in the root that are specs and not entries
// of the tree; positions of the tree stay below it.
//
// Any user can look up any number of such names, and the kernel forgets them late or
// never, so they must not take memory. The id of a short name, which most are, is the
// name itself, written as a number. The id of a long one is a hash, with hashedNameBit
// set, and the long names that were used last are kept. If the kernel uses the id of
// one that is not kept, it gets ESTALE; it then looks the name up again, and finds the
// same node.
//
// Either way, the id follows from the name and is the same in every mount.
const (
	specNameBit   = 1 << 62
	hashedNameBit = 1 << 61
)

// nameTokens are what short names consist of. Inode numbers depend on their order, so
// it must not change.
var nameTokens = []string{
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
	"K", "M", "G", "T", "P", "E", "k", "m", "g", "t", "p", "e", "B", "iB",
	",seed=", ",dedup=", ",unit=", ",skew=", ",scope=file", ",scope=group", ",group=", ",compress=",
	",generation=", ",change=", ",phase=", ",rate=", ",latency=", ",fail=",
	".", "%", "of", "s", "ms", "us", "eio", "@", "+", ":",
}

// shortNameID returns the id of a name of some ten tokens at most: they are the digits
// of a number, from 1 on, so that no two names have the same id.
func shortNameID(name string) (id uint64, ok bool) {
	base := uint64(len(nameTokens))
	for len(name) > 0 {
		best := -1
		for i, token := range nameTokens {
			if strings.HasPrefix(name, token) && (best < 0 || len(token) > len(nameTokens[best])) {
				best = i
			}
		}
		if best < 0 || id > (hashedNameBit-1-base)/base {
			return 0, false
		}
		id = id*base + uint64(best) + 1
		name = name[len(nameTokens[best]):]
	}
	return id | specNameBit, true
}

// shortName returns the name of an id without hashedNameBit.
func shortName(id uint64) string {
	var tokens []string
	base := uint64(len(nameTokens))
	for id &^= specNameBit; id > 0; id = (id - 1) / base {
		tokens = append(tokens, nameTokens[(id-1)%base])
	}
	var b strings.Builder
	for i := len(tokens) - 1; i >= 0; i-- {
		b.WriteString(tokens[i])
	}
	return b.String()
}

// keptNames is how many long names are kept at least, and half of how many at most.
// With 255 bytes each they take 10 MB.
const keptNames = 16 << 10

// longNames keeps the long names that were last used. It is safe for concurrent use.
type longNames struct {
	log *log.Logger

	mu     sync.Mutex
	limit  int // of recent; 0 means keptNames
	recent map[uint64]string
	older  map[uint64]string // what recent was when it was full
	warned bool
}

// id returns the id of a name and keeps the name. It returns false if another name with
// the same hash is kept. That is not expected ever to happen, but to serve one name's
// bytes as those of another would go unnoticed.
func (n *longNames) id(name string) (id uint64, ok bool) {
	id = gen.DeriveSeed(0, name)&(hashedNameBit-1) | hashedNameBit | specNameBit
	n.mu.Lock()
	defer n.mu.Unlock()
	switch kept, found := n.find(id); {
	case found && kept != name:
		n.log.Printf("the names %.40q and %.40q have the same inode number; the second one is not available", kept, name)
		return 0, false
	case !found:
		n.keep(id, strings.Clone(name))
	}
	return id, true
}

// name returns the name of an id, if it is kept.
func (n *longNames) name(id uint64) (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.find(id)
}

func (n *longNames) find(id uint64) (string, bool) {
	if name, ok := n.recent[id]; ok {
		return name, true
	}
	name, ok := n.older[id]
	if ok {
		n.keep(id, name)
	}
	return name, ok
}

func (n *longNames) keep(id uint64, name string) {
	limit := n.limit
	if limit == 0 {
		limit = keptNames
	}
	if len(n.recent) >= limit {
		if n.older != nil && !n.warned {
			n.warned = true
			n.log.Printf("more than %d long names of specs have been looked up; the least recently used ones are dropped, and the kernel looks them up again when they are needed", limit)
		}
		n.older, n.recent = n.recent, nil
	}
	if n.recent == nil {
		n.recent = make(map[uint64]string)
	}
	n.recent[id] = name
}

// specID returns the node id of a name in the root that is a spec, and false if it is
// not one.
func (f *FS) specID(name string) (uint64, node, bool) {
	n, ok := f.specNode(name)
	if !ok {
		return 0, node{}, false
	}
	id, ok := shortNameID(name)
	if !ok {
		id, ok = f.names.id(name)
	}
	return id, n, ok
}

// specNode returns the node of a name in the root that is a spec. The file changes
// with the tree.
func (f *FS) specNode(name string) (node, bool) {
	s, err := spec.ParseName(name)
	if err != nil || f.noTroubleNames && s.Trouble != (spec.Trouble{}) {
		return node{}, false
	}
	s = f.tree.History().Of(s, spec.Billion/2) // as of any file that is alone
	if !f.hasBefore(s) {
		return node{}, false
	}
	return node{spec: s, name: name}, true
}

// nameNode returns the node of an id with specNameBit, if its name is known.
func (f *FS) nameNode(id uint64) (node, bool) {
	if id > math.MaxInt64 {
		return node{}, false
	}
	if id&hashedNameBit == 0 {
		return f.specNode(shortName(id))
	}
	name, ok := f.names.name(id)
	if !ok {
		return node{}, false
	}
	return f.specNode(name)
}
