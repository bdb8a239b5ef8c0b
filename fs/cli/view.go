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
	set                  *pflag.FlagSet
	generation           string
	change, grow, delete string
	shard                string
}

func (v *viewFlags) add(f *pflag.FlagSet) {
	v.set = f
	f.StringVar(&v.generation, "generation", "0", "show generation `N` of the files, 0 to 4095, each of which has changed from the one\nbefore as the next three flags say; 0 is the tree as it is")
	f.StringVar(&v.change, "change", "0%", "share of their units, `P%`, that each generation replaces")
	f.StringVar(&v.grow, "grow", "0%", "share of the files, `P%`, that each generation adds")
	f.StringVar(&v.delete, "delete", "0%", "share of the files, `P%`, that each generation removes, oldest first")
	f.StringVar(&v.shard, "shard", "", "show part `I/N` of the files only, 1/16 to 16/16; auto takes I and N from Slurm, MPI\nor PMI, auto/N takes I from a Kubernetes indexed job as well")
}

// options returns what the flags mean. Its errors are the user's.
func (v *viewFlags) options() (o tree.Options, err error) {
	h := &o.History
	if h.Generation, err = spec.ParseGeneration(v.generation); err != nil {
		return o, usagef("--%w", err)
	}
	for _, share := range []struct {
		flag, text string
		to         *uint64
	}{{"change", v.change, &h.Change}, {"grow", v.grow, &h.Grow}, {"delete", v.delete, &h.Delete}} {
		if *share.to, err = spec.ParseShare(share.text); err != nil {
			return o, usagef("--%s %s: %w", share.flag, share.text, err)
		}
		if v.set.Changed(share.flag) && !v.set.Changed("generation") {
			return o, usagef("--%s %s: needs --generation, which of the generations to show", share.flag, share.text)
		}
	}
	if v.set.Changed("shard") {
		if o.Shard, err = parseShard(v.shard, os.Getenv); err != nil {
			return o, usagef("--shard %s: %w", v.shard, err)
		}
	}
	return o, nil
}

// viewArguments returns the flags that say the same as o, I/N of a shard in place of
// auto.
func viewArguments(o tree.Options) (args []string) {
	h := o.History
	if h.Generation != 0 {
		args = append(args, "--generation", strconv.Itoa(h.Generation))
		for _, share := range []struct {
			flag  string
			value uint64
		}{{"change", h.Change}, {"grow", h.Grow}, {"delete", h.Delete}} {
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

// managers are what starts many processes and tells each its number, from 0, and
// how many there are; where one starts another, the inner one is first.
var managers = []struct{ name, rank, size string }{
	{"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
	{"PMI", "PMI_RANK", "PMI_SIZE"},
	{"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}, // of a step: a batch script is no task
	{"Kubernetes", "JOB_COMPLETION_INDEX", ""},        // which tells no pod how many there are
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
			return shard, fmt.Errorf("%s=%s of %s is no number", m.rank, rank, m.name)
		}
		var n uint64
		if m.size == "" {
			if n = shard.Count; n == 0 {
				return shard, fmt.Errorf("%s says %s=%s, but not how many there are; write auto/N, with the completions of the job", m.name, m.rank, rank)
			}
		} else if n, err = strconv.ParseUint(getenv(m.size), 10, 64); err != nil || n < 1 || n > maxShards {
			return shard, fmt.Errorf("%s=%s of %s must be a number from 1 to %d", m.size, getenv(m.size), m.name, maxShards)
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
	return shard, fmt.Errorf("nothing tells which part this is: there is no %s in the environment; write I/N", strings.Join(names, ", nor "))
}
