package fs

import (
	"sync"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/dgenfs/dgenfs/gen"
)

// specNameBit marks the node ids of names that are specs; positions of the
// tree stay below it.
const specNameBit = 1 << 62

// specNames holds the names in the root that are specs and are no entries of
// the tree, while the kernel knows them. Such a name's node id is a hash of it,
// the same in every mount.
type specNames struct {
	mu    sync.RWMutex
	nodes map[uint64]*specName
}

type specName struct {
	name    string
	spec    spec.Spec
	lookups uint64 // that the kernel has not taken back yet
}

// lookup returns the node id of name and counts the look-up, or returns false
// if name is no spec. The file changes with the tree.
func (t *specNames) lookup(name string, h *tree.History) (uint64, spec.Spec, bool) {
	s, err := spec.Parse(name)
	if err != nil {
		return 0, s, false
	}
	s = h.Of(s, spec.Billion/2) // as of any file that is alone
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.nodes == nil {
		t.nodes = make(map[uint64]*specName)
	}
	id := gen.DeriveSeed(0, name)>>2 | specNameBit
	// Two names of one hash are not expected in the life of the universe's
	// mounts, but serving one's bytes as the other's would be silent.
	for t.nodes[id] != nil && t.nodes[id].name != name {
		id = (id + 1) | specNameBit
	}
	n := t.nodes[id]
	if n == nil {
		n = &specName{name: name, spec: s}
		t.nodes[id] = n
	}
	n.lookups++
	return id, s, true
}

func (t *specNames) get(id uint64) (spec.Spec, string, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	n := t.nodes[id]
	if n == nil {
		return spec.Spec{}, "", false
	}
	return n.spec, n.name, true
}

// forget takes back n look-ups of id.
func (t *specNames) forget(id, n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if node := t.nodes[id]; node != nil {
		node.lookups -= min(n, node.lookups)
		if node.lookups == 0 {
			delete(t.nodes, id)
		}
	}
}
