package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
	"github.com/spf13/pflag"
)

// viewFlags say which part of the files is shown, and in which generation.
type viewFlags struct {
	set *pflag.FlagSet
	tree.Options
}

func (v *viewFlags) add(f *pflag.FlagSet) {
	v.set = f
	h := &v.History
	parsed(f, &h.Generation, "generation", "0", "", spec.ParseGeneration,
		"show generation `N` of the files, 0 to 4095; each generation has changed from the one before as the next four flags say, and 0 is the tree as it is")
	parsed(f, &h.Change, "change", "0%", "", spec.ParseShare, "share of their units, `P%`, that each generation replaces")
	parsed(f, &h.Insert, "insert", "0%", "", spec.ParseShare, "share of their size, `P%`, that each generation inserts into files, which shifts what follows")
	parsed(f, &h.Grow, "grow", "0%", "", spec.ParseShare, "share of the files, `P%`, that each generation adds")
	parsed(f, &h.Delete, "delete", "0%", "", spec.ParseShare, "share of the files, `P%`, that each generation removes, oldest first")
	parsed(f, &v.Shard, "shard", "", "", func(text string) (tree.Shard, error) { return parseShard(text, os.Getenv) },
		"show only part `I/N` of the files, 1/16 to 16/16; auto takes I and N from Slurm, MPI or PMI, auto/N takes I from a Kubernetes indexed job as well")
}

// options returns what the flags mean, in a mount of a seed. Its errors are the
// user's.
func (v *viewFlags) options(seed uint64) (tree.Options, error) {
	for _, name := range []string{"change", "insert", "grow", "delete"} {
		if v.set.Changed(name) && !v.set.Changed("generation") {
			return tree.Options{}, usagef("--%s %s: needs --generation, the number of the generation to show", name, v.set.Lookup(name).Value)
		}
	}
	o := v.Options
	o.Seed = seed
	return o, nil
}

// viewArguments returns the flags that say the same as o, with I/N in place of
// auto for a shard.
func viewArguments(o tree.Options) (args []string) {
	h := o.History
	if h.Generation != 0 {
		args = append(args, "--generation", strconv.Itoa(h.Generation))
		for _, share := range []struct {
			flag  string
			value uint64
		}{{"change", h.Change}, {"insert", h.Insert}, {"grow", h.Grow}, {"delete", h.Delete}} {
			if share.value != 0 {
				args = append(args, "--"+share.flag, spec.FormatShare(share.value))
			}
		}
	}
	if o.Shard.Count != 0 {
		args = append(args, "--shard", fmt.Sprintf("%d/%d", o.Shard.Index+1, o.Shard.Count))
	}
	return args
}

// maxShards is more than there are hosts.
const maxShards = 1 << 20

// managers start many processes and tell each its number, from 0, and how many
// there are; where one may start another, the inner one is first.
var managers = []struct{ name, rank, size string }{
	{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
	{"PMI", "PMI_RANK", "PMI_SIZE"},
	{"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}, // of a step: a batch script is not a task
	{"Kubernetes", "JOB_COMPLETION_INDEX", ""},        // it does not say how many there are
}

// parseShard reads I/N, auto or auto/N.
func parseShard(s string, getenv func(string) string) (tree.Shard, error) {
	part, size, hasSize := strings.Cut(s, "/")
	var shard tree.Shard
	if hasSize {
		n, err := strconv.ParseUint(size, 10, 64)
		if err != nil || n < 1 || n > maxShards {
			return shard, fmt.Errorf("must be I/N, with N from 1 to %d, as in 3/16", maxShards)
		}
		shard.Count = n
	}
	if part != "auto" {
		i, err := strconv.ParseUint(part, 10, 64)
		if err != nil || !hasSize || i < 1 || i > shard.Count {
			return shard, errors.New("must be I/N, with I from 1 to N, or auto, or auto/N")
		}
		shard.Index = i - 1
		return shard, nil
	}
	for _, m := range managers {
		rank := getenv(m.rank)
		if rank == "" || m.size != "" && getenv(m.size) == "" {
			continue
		}
		i, err := strconv.ParseUint(rank, 10, 64)
		if err != nil {
			return shard, fmt.Errorf("%s=%s, set by %s, is not a number", m.rank, rank, m.name)
		}
		var n uint64
		if m.size == "" {
			if n = shard.Count; n == 0 {
				return shard, fmt.Errorf("%s says %s=%s, but not how many there are; use auto/N, with the completions of the job for N", m.name, m.rank, rank)
			}
		} else if n, err = strconv.ParseUint(getenv(m.size), 10, 64); err != nil || n < 1 || n > maxShards {
			return shard, fmt.Errorf("%s=%s, set by %s, must be a number from 1 to %d", m.size, getenv(m.size), m.name, maxShards)
		}
		switch {
		case hasSize && n != shard.Count:
			return shard, fmt.Errorf("%s says %s=%d; leave out the %d", m.name, m.size, n, shard.Count)
		case i >= n:
			return shard, fmt.Errorf("%s says %s=%s, which must be below %d", m.name, m.rank, rank, n)
		}
		return tree.Shard{Index: i, Count: n}, nil
	}
	var names []string
	for _, m := range managers {
		names = append(names, strings.TrimSuffix(m.rank+" and "+m.size, " and "))
	}
	return shard, fmt.Errorf("cannot tell which part this is: the environment has no %s; use I/N", strings.Join(names, ", nor "))
}
