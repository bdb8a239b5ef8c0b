package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs/spec"
	"github.com/dgenfs/dgenfs/fs/tree"
)

const (
	wantPart  = "must be I/N, with I from 1 to N, or auto, or auto/N"
	wantCount = "must be I/N, with N from 1 to 1048576, as in 3/16"
	wantHost  = "cannot tell which part this is: the environment has no OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE, nor PMI_RANK and PMI_SIZE, nor SLURM_PROCID and SLURM_STEP_NUM_TASKS, nor JOB_COMPLETION_INDEX; use I/N"
)

func TestParseShard(t *testing.T) {
	tests := []struct {
		text string
		env  string // NAME=VALUE, by spaces
		want tree.Shard
		err  string
	}{
		{text: "1/1", want: tree.Shard{Index: 0, Count: 1}},
		{text: "1/16", want: tree.Shard{Index: 0, Count: 16}},
		{text: "16/16", want: tree.Shard{Index: 15, Count: 16}},
		{text: "003/016", want: tree.Shard{Index: 2, Count: 16}},
		{text: "1048576/1048576", want: tree.Shard{Index: 1<<20 - 1, Count: 1 << 20}},
		{text: "2/3", env: "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=9", want: tree.Shard{Index: 1, Count: 3}},
		{text: "", err: wantPart},
		{text: "3", err: wantPart},
		{text: "0/3", err: wantPart},
		{text: "4/3", err: wantPart},
		{text: "-1/3", err: wantPart},
		{text: "+1/3", err: wantPart},
		{text: "1_0/30", err: wantPart},
		{text: "0x1/3", err: wantPart},
		{text: " 1/3", err: wantPart},
		{text: "/3", err: wantPart},
		{text: "18446744073709551616/3", err: wantPart},
		{text: "Auto", err: wantPart},
		{text: "automatic/3", err: wantPart},
		{text: "1/0", err: wantCount},
		{text: "1/", err: wantCount},
		{text: "/", err: wantCount},
		{text: "1/x", err: wantCount},
		{text: "1/2/3", err: wantCount},
		{text: "1/1048577", err: wantCount},
		{text: "1/-1", err: wantCount},
		{text: "auto/0", err: wantCount},
		{text: "auto/", err: wantCount},

		{text: "auto", env: "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4", want: tree.Shard{Index: 0, Count: 4}},
		{text: "auto", env: "OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4", want: tree.Shard{Index: 3, Count: 4}},
		{text: "auto", env: "PMI_RANK=2 PMI_SIZE=5", want: tree.Shard{Index: 2, Count: 5}},
		{text: "auto", env: "SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=6", want: tree.Shard{Index: 1, Count: 6}},
		{text: "auto", env: "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", want: tree.Shard{Index: 0, Count: 1}},
		{text: "auto", env: "PMI_RANK=7 PMI_SIZE=1048576", want: tree.Shard{Index: 7, Count: 1 << 20}},
		{text: "auto/7", env: "JOB_COMPLETION_INDEX=6", want: tree.Shard{Index: 6, Count: 7}},
		// N may be said although it is known, as long as it is right.
		{text: "auto/4", env: "OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4", want: tree.Shard{Index: 3, Count: 4}},
		{text: "auto/6", env: "SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=6", want: tree.Shard{Index: 1, Count: 6}},

		// The inner one is asked: srun may start mpirun, in a pod, perhaps.
		{text: "auto", env: "JOB_COMPLETION_INDEX=1 SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=12 PMI_RANK=3 PMI_SIZE=13 OMPI_COMM_WORLD_RANK=4 OMPI_COMM_WORLD_SIZE=14", want: tree.Shard{Index: 4, Count: 14}},
		{text: "auto", env: "JOB_COMPLETION_INDEX=1 SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=12 PMI_RANK=3 PMI_SIZE=13", want: tree.Shard{Index: 3, Count: 13}},
		{text: "auto", env: "JOB_COMPLETION_INDEX=1 SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=12", want: tree.Shard{Index: 2, Count: 12}},
		// One that tells only half is none: such as Slurm in a batch script.
		{text: "auto", env: "OMPI_COMM_WORLD_RANK=0 PMI_SIZE=9 SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=12", want: tree.Shard{Index: 2, Count: 12}},
		{text: "auto/9", env: "SLURM_PROCID=0 SLURM_NTASKS=12 JOB_COMPLETION_INDEX=8", want: tree.Shard{Index: 8, Count: 9}},
		{text: "auto", env: "SLURM_PROCID=0 SLURM_NTASKS=12", err: wantHost},
		{text: "auto", env: "OMPI_COMM_WORLD_SIZE=3", err: wantHost},

		{text: "auto", err: wantHost},
		{text: "auto/3", err: wantHost},
		{text: "auto", env: "JOB_COMPLETION_INDEX=0", err: "Kubernetes says JOB_COMPLETION_INDEX=0, but not how many there are; use auto/N, with the completions of the job for N"},
		{text: "auto/3", env: "JOB_COMPLETION_INDEX=3", err: "Kubernetes says JOB_COMPLETION_INDEX=3, which must be below 3"},
		{text: "auto/3", env: "JOB_COMPLETION_INDEX=first", err: "JOB_COMPLETION_INDEX=first, set by Kubernetes, is not a number"},
		{text: "auto", env: "PMI_RANK=4 PMI_SIZE=4", err: "PMI says PMI_RANK=4, which must be below 4"},
		{text: "auto", env: "PMI_RANK=-1 PMI_SIZE=4", err: "PMI_RANK=-1, set by PMI, is not a number"},
		{text: "auto", env: "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=0", err: "OMPI_COMM_WORLD_SIZE=0, set by Open MPI, must be a number from 1 to 1048576"},
		{text: "auto", env: "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=many", err: "SLURM_STEP_NUM_TASKS=many, set by Slurm, must be a number from 1 to 1048576"},
		{text: "auto", env: "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1048577", err: "SLURM_STEP_NUM_TASKS=1048577, set by Slurm, must be a number from 1 to 1048576"},
		{text: "auto/8", env: "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4", err: "Open MPI says OMPI_COMM_WORLD_SIZE=4; leave out the 8"},
		{text: "auto/8", env: "SLURM_PROCID=9 SLURM_STEP_NUM_TASKS=4", err: "Slurm says SLURM_STEP_NUM_TASKS=4; leave out the 8"},
	}
	for _, test := range tests {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(test.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		got, err := parseShard(test.text, func(name string) string { return env[name] })
		switch {
		case test.err != "":
			if err == nil || err.Error() != test.err {
				t.Errorf("%q with %q: %v, want %s", test.text, test.env, err, test.err)
			}
		case err != nil || got != test.want:
			t.Errorf("%q with %q: %+v, %v, want %+v", test.text, test.env, got, err, test.want)
		}
	}
}

// parseViewFlags returns what the flags mean.
func parseViewFlags(t *testing.T, args ...string) (tree.Options, error) {
	t.Helper()
	f := newFlags("mount")
	var v viewFlags
	v.add(f)
	if err := parse(f, args); err != nil {
		return tree.Options{}, err
	}
	return v.options(0)
}

// withoutManagers takes away what a batch system that runs the tests may say.
func withoutManagers(t *testing.T) {
	for _, m := range managers {
		t.Setenv(m.rank, "")
	}
}

func TestViewOptions(t *testing.T) {
	withoutManagers(t)
	t.Setenv("PMI_RANK", "2")
	t.Setenv("PMI_SIZE", "4")
	const percent = spec.Billion / 100
	history := func(generation int, change, grow, delete uint64) tree.Options {
		return tree.Options{History: tree.History{Generation: generation, Change: change, Grow: grow, Delete: delete}}
	}
	tests := []struct {
		args string
		want tree.Options
		err  string
	}{
		{"", tree.Options{}, ""}, // the environment alone says nothing
		{"--generation 0", tree.Options{}, ""},
		{"--generation 1", history(1, 0, 0, 0), ""},
		{"--generation 4095", history(4095, 0, 0, 0), ""},
		{"--generation 3 --change 5%", history(3, 5*percent, 0, 0), ""},
		{"--generation 3 --grow 10%", history(3, 0, 10*percent, 0), ""},
		{"--generation 3 --delete 100%", history(3, 0, 0, 100*percent), ""},
		{"--generation 2 --change 0.0000001% --grow 2.50% --delete 0%", history(2, 1, percent*5/2, 0), ""},
		{"--generation 0 --change 5%", history(0, 5*percent, 0, 0), ""}, // so that scripts may count from 0
		{"--generation 1 --generation 2", tree.Options{}, "--generation: given twice, as 1 and as 2"},
		{"--generation 2 --generation 2", tree.Options{}, "--generation 2: given twice"},
		{"--shard 2/3", tree.Options{Shard: tree.Shard{Index: 1, Count: 3}}, ""},
		{"--shard auto", tree.Options{Shard: tree.Shard{Index: 2, Count: 4}}, ""},
		{"--shard auto/4", tree.Options{Shard: tree.Shard{Index: 2, Count: 4}}, ""},

		{"--generation 4096", tree.Options{}, `--generation "4096": a generation is a whole number from 0 to 4095`},
		{"--generation -1", tree.Options{}, `--generation "-1": a generation is a whole number from 0 to 4095`},
		{"--generation=", tree.Options{}, `--generation "": a generation is a whole number from 0 to 4095`},
		{"--generation 1.5", tree.Options{}, `--generation "1.5": a generation is a whole number from 0 to 4095`},
		{"--change 5%", tree.Options{}, "--change 5%: needs --generation, the number of the generation to show"},
		{"--grow 5%", tree.Options{}, "--grow 5%: needs --generation, the number of the generation to show"},
		{"--delete 0%", tree.Options{}, "--delete 0%: needs --generation, the number of the generation to show"},
		{"--generation 1 --change 5", tree.Options{}, "--change 5: must be a percentage, such as 2% or 0.05%"},
		{"--generation 1 --grow=", tree.Options{}, "--grow: must be a percentage, such as 2% or 0.05%"},
		{"--generation 1 --delete 5%%", tree.Options{}, "--delete 5%%: must be a percentage, such as 2% or 0.05%"},
		{"--generation 1 --delete -5%", tree.Options{}, "--delete -5%: must be a percentage, such as 2% or 0.05%"},
		{"--generation 1 --grow 100.1%", tree.Options{}, "--grow 100.1%: must be at most 100%"},
		{"--generation 1 --change 0.00000001%", tree.Options{}, "--change 0.00000001%: has more than 7 digits after the point"},
		{"--change x", tree.Options{}, "--change x: must be a percentage, such as 2% or 0.05%"},
		{"--shard=", tree.Options{}, "--shard: " + wantPart},
		{"--shard 3/2", tree.Options{}, "--shard 3/2: " + wantPart},
		{"--shard 1/0", tree.Options{}, "--shard 1/0: " + wantCount},
		{"--shard auto/5", tree.Options{}, "--shard auto/5: PMI says PMI_SIZE=4; leave out the 5"},
	}
	for _, test := range tests {
		got, err := parseViewFlags(t, strings.Fields(test.args)...)
		if test.err != "" {
			if err == nil || err.Error() != test.err || !errors.As(err, new(usageError)) {
				t.Errorf("%s: %v, want, as the user's error, %s", test.args, err, test.err)
			}
			continue
		}
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", test.args, got, err, test.want)
		}
	}
}

// What .dgenfs/tree says means the same as what the user said, without any
// environment.
func TestViewArguments(t *testing.T) {
	withoutManagers(t)
	for _, test := range []struct {
		options tree.Options
		want    string
	}{
		{tree.Options{}, ""},
		{tree.Options{Shard: tree.Shard{Index: 0, Count: 1}}, "--shard 1/1"},
		{tree.Options{Shard: tree.Shard{Index: 2, Count: 16}}, "--shard 3/16"},
		{tree.Options{Shard: tree.Shard{Index: maxShards - 1, Count: maxShards}}, "--shard 1048576/1048576"},
		{tree.Options{History: tree.History{Generation: 7}}, "--generation 7"},
		{tree.Options{History: tree.History{Generation: 1, Change: 1}}, "--generation 1 --change 0.0000001%"},
		{tree.Options{History: tree.History{Generation: 1, Grow: spec.Billion}}, "--generation 1 --grow 100%"},
		{tree.Options{History: tree.History{Generation: 1, Delete: 123456789}}, "--generation 1 --delete 12.3456789%"},
		{
			tree.Options{History: tree.History{Generation: spec.MaxGeneration, Change: 5e7, Grow: 25e6, Delete: 1e8}, Shard: tree.Shard{Index: 1, Count: 2}},
			"--generation 4095 --change 5% --grow 2.5% --delete 10% --shard 2/2",
		},
	} {
		args := viewArguments(test.options)
		if got := strings.Join(args, " "); got != test.want {
			t.Errorf("%+v: %s, want %s", test.options, got, test.want)
		}
		if got, err := parseViewFlags(t, args...); err != nil || got != test.options {
			t.Errorf("%q means %+v, %v, want %+v", args, got, err, test.options)
		}
	}
	// Generation 0 is the tree as it is, whatever the next ones would be.
	if args := viewArguments(tree.Options{History: tree.History{Change: 5e7, Grow: 1e8}}); len(args) != 0 {
		t.Errorf("generation 0: %q", args)
	}
}
