package counters

// opcodes is how many values of enum fuse_opcode in <linux/fuse.h> are counted apart;
// larger ones count as 0, which is none.
const opcodes = 64

// Values of enum fuse_opcode that are treated in another way than the rest.
const (
	opRead  = 15
	opWrite = 16
)

// kinds are the names of opcodes, in the order in which they are shown, and whether only
// a file system that can be written to is asked for them.
var kinds = []struct {
	name   string
	opcode []int
	writes bool
}{
	{"lookup", []int{1}, false},
	{"getattr", []int{3}, false},
	{"open", []int{14}, false},
	{"read", []int{opRead}, false},
	{"release", []int{18}, false},
	{"opendir", []int{27}, false},
	{"readdir", []int{28}, false},
	{"readdirplus", []int{44}, false},
	{"releasedir", []int{29}, false},
	{"readlink", []int{5}, false},
	{"getxattr", []int{22}, false},
	{"listxattr", []int{23}, false},
	{"statx", []int{52}, false},
	{"statfs", []int{17}, false},
	{"lseek", []int{46}, false},
	{"flush", []int{25}, false},
	{"forget", []int{2, 42}, false},
	{"interrupt", []int{36}, false},
	{"write", []int{opWrite}, true},
	{"create", []int{35, 51}, true},
	{"setattr", []int{4}, true},
	{"make", []int{6, 8, 9, 13}, true}, // symlink, mknod, mkdir, link
	{"remove", []int{10, 11}, true},    // unlink, rmdir
	{"rename", []int{12, 45}, true},
	{"fsync", []int{20, 30}, true},
	{"fallocate", []int{43}, true},
	{"setxattr", []int{21, 24}, true}, // and removexattr
}

// Kind is how many requests of a kind there were.
type Kind struct {
	Name   string
	Count  uint64
	Writes bool // only where files can be written
}

// Kinds returns how many requests of each kind there were, and as the last one, other, of
// all that have no kind here.
func (s *Sum) Kinds() []Kind {
	left := s.requests
	var all []Kind
	for _, k := range kinds {
		kind := Kind{Name: k.name, Writes: k.writes}
		for _, opcode := range k.opcode {
			kind.Count += left[opcode]
			left[opcode] = 0
		}
		all = append(all, kind)
		if k.name == "read" {
			all = append(all, Kind{Name: "store", Count: s.stored}) // with an open, instead of a read
		}
	}
	return append(all, Kind{Name: "other", Count: sum(left[:])})
}
