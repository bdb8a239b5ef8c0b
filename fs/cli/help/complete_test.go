package help

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// Words of command lines, with | between them, and what the last one may become:
// candidates without descriptions, and then what the shell has to do.
var completions = []struct{ line, want string }{
	// Commands, and what the default command takes.
	{"um", "umount :directories"},
	{"c", "cat completion :directories"},
	{"", "mount umount run cat measure tree completion version help :directories"},
	{"__", ":directories"},
	{"completion|", "bash zsh fish"},
	{"completion|z", "zsh"},
	{"version|", ""},
	{"help|c", "cat completion"},
	{"help|_", ""},
	// Flags.
	{"umount|--l", "--lazy"},
	{"cat|--", "--seed --offset --length --help"},
	{"cat|-", "--seed --offset --length -h --help"},
	{"tree|--", "--size --file --preset --help"},
	{"measure|-", "-h --help"},
	{"--all", "--allow-other"},
	{"--foregr", "--foreground"},
	{"mount|--foregr", "--foreground"},
	{"run|--foregr", ""},
	{"version|--", "--help"},
	{"--sec", ""},
	{"--nope=", ""},
	{"--nope|--all", "--allow-other"},
	// Those that were given are not offered again, unless they may be repeated.
	{"--seed|1|--s", "--size"},
	{"--allow-other|--file|a:1|--preset=home|--options|uid=1|-fn|--", "--size --file --seed --threads --uid --transport --numa --numa-nodes --log --options --help"},
	// Values.
	{"--transport|", "auto dev uring"},
	{"mount|--transport|u", "uring"},
	{"run|--numa|f", "force"},
	{"--transport=", "--transport=auto --transport=dev --transport=uring"},
	{"--transport=d", "--transport=dev"},
	{"run|--numa=o", "--numa=off"},
	{"tree|--preset|", "home mail"},
	{"--threads|", ""},
	{"--threads=", ""},
	{"--uid|", ""},
	{"--uid=", ""},
	{"-o|ui", "uid= :nospace"},
	{"--seed|--transport|d", ":directories"}, // --transport is the seed
	{"--lazy=", ""},
	{"--allow-other=", ""},
	{"umount|--lazy=", ""},
	// Specs.
	{"--size|", ""},
	{"--size|6", ""},
	{"--size|64G,de", "64G,dedup= :nospace"},
	{"--size=64G,de", "--size=64G,dedup= :nospace"},
	{"--size|64G,dedup=3,s", "64G,dedup=3,seed= 64G,dedup=3,skew= 64G,dedup=3,scope= 64G,dedup=3,spread= 64G,dedup=3,shape= :nospace"},
	{"--size|64G,seed=3,s", "64G,seed=3,skew= 64G,seed=3,scope= 64G,seed=3,spread= 64G,seed=3,shape= :nospace"},
	{"--size|64G,scope=", "64G,scope= 64G,scope=file 64G,scope=group :nospace"},
	{"--size|64G,scope=g", "64G,scope=group :nospace"},
	{"--size|64G,sha", "64G,shape= :nospace"},
	{"--size|64G,shar", ":nospace"},
	{"--file|big:1G,u", "big:1G,unit= big:1G,uid= :nospace"},
	{"--file|{0..}:1G,to", "{0..}:1G,total= :nospace"},
	{"--file|a:1K..1M,sh", "a:1K..1M,shape= a:1K..1M,share= :nospace"},
	{"cat|1M,co", "1M,compress= 1M,columns= 1M,corrupt= :nospace"},
	{"cat|--seed|1|1M,co", "1M,compress= 1M,columns= 1M,corrupt= :nospace"},
	{"cat|1M,format=np", "1M,format=npy 1M,format=npz :nospace"},
	{"--file|a.npz:1M,format=au", "a.npz:1M,format=auto :nospace"},
	{"cat|", ""},
	{"cat|:1M,de", ":nospace"}, // not to be taken for a line like this
	// Mount options.
	{"-o|allow", "allow_other :nospace"},
	{"-oallow", "-oallow_other :nospace"},
	{"-foallow", "-foallow_other :nospace"},
	{"-fo|allow", "allow_other :nospace"},
	{"--options=allow", "--options=allow_other :nospace"},
	{"-o|size=64G,allow", "size=64G,allow_other :nospace"},
	{`-o|size=64G\,allow`, ":nospace"},
	{"-o|allow_other,num", "allow_other,numa= allow_other,numa_nodes= :nospace"},
	{"-o|seed=1,transport=", "seed=1,transport=auto seed=1,transport=dev seed=1,transport=uring :nospace"},
	{"-o|log=/tmp/", ":files log="},
	{"-o|op", ":nospace"},
	{"run|-o|fore", ":nospace"},
	{"mount|-o|fore", "foreground :nospace"},
	{"run|--options|nu", "numa= numa_nodes= :nospace"},
	// Paths.
	{"--log|/tmp/", ":files"},
	{"--log=/tmp/f", ":files --log="},
	{"/tmp/", ":directories"},
	{"--seed|1|/tmp/", ":directories"},
	{"mount|--log|/tmp/x|/tmp/f", ":directories"},
	{"mount|--|--all", ":directories"},
	{"measure|/tmp/a", ":files"},
	{"measure|a|b", ":files"},
	{"umount|", `/mnt/synth /mnt/with blank1 /mnt/back\slash`},
	{"umount|/mnt/s", "/mnt/synth"},
	{"umount|--lazy|/mnt/s", "/mnt/synth"},
	// The command of run.
	{"run|--|envsub", ":program 3"},
	{"run|envsub", ":program 2"},
	{"run|--|", ":program 3"},
	{"run|--seed|1|--|envsubtest|/tmp/a", ":program 5"},
	{"run|--seed|1|envsubtest|/tmp/a", ":program 4"},
	{"run|envsubtest|--nu", ":program 2"},
	{"run|--|envsubtest|--nu", ":program 3"},
	{"run|--seed|", ""},
}

// words returns the first columns of an answer, with blanks between them.
func words(answer string) string {
	var words []string
	for line := range strings.Lines(answer) {
		word, _, _ := strings.Cut(line, "\t")
		words = append(words, strings.TrimSpace(word))
	}
	return strings.Join(words, " ")
}

func TestComplete(t *testing.T) {
	for _, test := range completions {
		answer := write(t, func(w io.Writer) error {
			return completer().Complete(w, strings.Split(test.line, "|"))
		})
		if got := words(answer); got != test.want {
			t.Errorf("%q: completed to\n%q, want\n%q", test.line, got, test.want)
		}
	}
}

func TestCompleteDescribes(t *testing.T) {
	for line, want := range map[string]string{
		"um":            "umount\tunmount\n:directories \n",
		"umount|--l":    "--lazy\tdetach it even if it is in use\n",
		"cat|1M,unit":   "1M,unit=\tsize of what repeats: a multiple of 4K, up to 1G (default: 128K)\n:nospace\n",
		"-o|thr":        "threads=\tuse N CPUs\n:nospace\n",
		"--transport|d": "dev\n",
		"umount|--h":    "--help\tprint this help\n",
	} {
		got := write(t, func(w io.Writer) error {
			return completer().Complete(w, strings.Split(line, "|"))
		})
		if got != want {
			t.Errorf("%q: answered %q, want %q", line, got, want)
		}
	}
}

func TestCompleteNothing(t *testing.T) {
	none := write(t, func(w io.Writer) error { return completer().Complete(w, nil) })
	empty := write(t, func(w io.Writer) error { return completer().Complete(w, []string{""}) })
	if none != empty || none == "" {
		t.Errorf("no words are completed to %q, an empty one to %q", none, empty)
	}
}

// Every command, every flag and every key is completed.
func TestCompleteHasEverything(t *testing.T) {
	c := completer()
	answer := func(line ...string) []string {
		return strings.Fields(words(write(t, func(w io.Writer) error { return c.Complete(w, line) })))
	}
	for _, command := range c.Commands {
		if got := slices.Contains(answer(command.Name), command.Name); got == command.Hidden {
			t.Errorf("%s: completed: %v, hidden: %v", command.Name, got, command.Hidden)
		}
		for _, f := range command.flags() {
			for _, name := range f.names() {
				if !slices.Contains(answer(command.Name, name), name) {
					t.Errorf("%s %s is not completed", command.Name, name)
				}
			}
		}
	}
	for _, k := range specKeys {
		if !slices.Contains(answer("cat", "1M,"+k.name[:1]), "1M,"+k.name+"=") {
			t.Errorf("key %s is not completed", k.name)
		}
	}
}

func TestRun(t *testing.T) {
	for args, want := range map[string]string{
		"zsh|umount|/mnt/s":                    "/mnt/synth\n",
		"fish|umount|--|":                      "/mnt/synth\n/mnt/with blank1\n/mnt/back\\slash\n",
		"bash|dgenfs cat --seed=1 1M,uni|=,":   "unit=\n:nospace\n",
		"bash|dgenfs --transport=u|=:":         "uring\n",
		"bash|dgenfs umount '/mnt/with b|\"'=": "/mnt/with blank1\n",
	} {
		got := write(t, func(w io.Writer) error { return completer().Run(strings.Split(args, "|"), w) })
		if got != want {
			t.Errorf("%q: answered %q, want %q", args, got, want)
		}
	}
	for _, args := range []string{"", "tcsh|a", "bash|dgenfs ", "bash|a|b|c"} {
		var b strings.Builder
		if err := completer().Run(strings.Split(args, "|"), &b); err == nil || b.Len() > 0 {
			t.Errorf("%q: error %v, answer %q", args, err, &b)
		}
	}
}

// What cannot be written is an error, whoever writes.
func TestWriteErrors(t *testing.T) {
	c := completer()
	for name, f := range map[string]func(io.Writer) error{
		"Print":        c.Commands[0].Print,
		"Usage":        func(w io.Writer) error { return Usage(w, c.Commands) },
		"Man":          func(w io.Writer) error { return Man(w, c.Commands) },
		"Complete":     func(w io.Writer) error { return c.Complete(w, nil) },
		"CompleteLine": func(w io.Writer) error { return c.CompleteLine(w, "dgenfs ", "=") },
	} {
		if err := f(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
