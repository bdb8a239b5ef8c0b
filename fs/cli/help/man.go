package help

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/cli/exit"
)

// Man writes the manual page of the program, in the language man(7). The page has
// no date, so that the same table always gives the same page.
func Man(w io.Writer, commands []Command) error {
	commands = visible(commands)
	var m roffWriter
	m.WriteString(".TH DGENFS 1 \"\" \"dgenfs\" \"User Commands\"\n")
	m.WriteString(".nh\n.ad l\n") // what is to be typed must not be broken

	m.section("NAME")
	m.WriteString("dgenfs \\- mount files that do not exist, generated while they are read\n")

	m.section("SYNOPSIS")
	for i, c := range commands {
		if i > 0 {
			m.WriteString(".br\n")
		}
		m.bold(c.Usage)
	}

	m.section("DESCRIPTION")
	m.text(manDescription)

	m.section("COMMANDS")
	for _, c := range commands {
		m.subsection(c.Usage)
		m.text(c.Text)
	}

	m.section("OPTIONS")
	m.text("Every command has the flag --help, or -h. Each flag of mount and run is also a mount option, written after -o with underscores for dashes: -o size=64G,allow_other.\n")
	m.flags(commands)

	m.section("SPECIFICATIONS")
	m.text(specText)
	m.WriteString(".PP\nThe keys are:\n")
	m.keys(specKeys)
	m.WriteString(".PP\n")
	m.text(manNames)

	m.section("TREES")
	m.text(treeText)
	m.keys(drawnSizes)
	m.keys(treeKeys)
	m.keys(linkForms)
	m.keys(linkForms)
	m.WriteString(".PP\n")
	m.text(manTrees)

	m.section("FILES")
	for _, f := range manFiles {
		m.item(f[0])
		m.text(f[1])
	}

	m.section("EXIT STATUS")
	for _, s := range exitStatuses {
		m.item(fmt.Sprint(s.status))
		m.text(strings.ToUpper(s.text[:1]) + s.text[1:] + ".")
	}
	m.WriteString(".PP\n")
	m.text(fmt.Sprintf("dgenfs run has the exit status of its command; %d if that cannot be run, %d if it was not found, and %d plus the number of the signal if one ended it. dgenfs verify has %d if something differs, and %d if nothing does, but something could not be read, or it was interrupted. An error is one line on standard error.\n",
		exit.CannotRun, exit.NotFound, exit.Signal, exit.Failed, exit.Unread))

	m.section("EXAMPLES")
	m.text(manExamples)

	m.section("SEE ALSO")
	m.WriteString(".BR fuse (4),\n.BR fusermount3 (1),\n.BR mount (8),\n.BR fstab (5),\n.BR systemd.mount (5),\n.BR numa (7)\n")
	_, err := io.WriteString(w, m.String())
	return err
}

const manDescription = `dgenfs mounts a directory of files that do not exist. Their bytes are generated
while they are read: with the size, the seed, the deduplication ratio and the
compressibility that was asked for, from no disk at all, and the same bytes at every
read, on every machine.

In the root of every mount, any name that is a SPEC exists, listed or not. A mount is
read-only, unless --accept-writes or --discard says otherwise. SIGINT, SIGTERM and SIGHUP unmount it. If it is busy, a second signal
detaches it, and a third one ends the process. Under systemd, SIGHUP reopens the log
instead.
`

const manNames = `The same SPEC is used for --size, after the name in --file NAME:SPEC, in tree files,
and as the name of a file in the root of a mount. There, 1G.npz is 1G,format=npz, and a SIZE
with the extension of another format is a file of that format. NAME may have directories and ranges:
part-{0000..1023}.bin:150M is 1024 files; {8..12} is not padded, {08..12} is. The
characters {, } and \ are written \{, \} and \\, and \xHH is any byte.
`

const manTrees = `A tree file has a line for each entry: NAME, blanks, SPEC. A line that ends in a slash is
a directory, which may be empty. Lines that begin with # are comments. dgenfs tree --preset NAME prints an example. A line #! --count N or #! --total SIZE says
how large the entries with share= are, unless the command line does. {#..} in a NAME is an
open range from 0 with as many digits as how many numbers it has, and {#} is how many.
`

var manFiles = [][2]string{
	{"MOUNTPOINT/.dgenfs/config", "What the mount is served with, and why: the transport, the threads and their memory, the largest request. The directory .dgenfs is not listed."},
	{"MOUNTPOINT/.dgenfs/tree", "The tree file that makes the same files, with the flags that it needs in a comment."},
	{"MOUNTPOINT/.dgenfs/stats, metrics, version", "What was served so far, as JSON and in the text format of Prometheus, and the version of the server."},
	{"/sys/module/fuse/parameters/enable_uring", "Y if new mounts can be served over io_uring."},
	{"/etc/fuse.conf", "Must have the line user_allow_other before users other than root can use --allow-other."},
	{"/sbin/mount.dgenfs", "A link to the program, for mount -t dgenfs and for lines of /etc/fstab. Its exit statuses are those of mount(8)."},
}

const manExamples = `Mount 64 GiB of data, read it, and unmount:

  dgenfs --size 64G --seed 7 /mnt/synth
  dd if=/mnt/synth/data of=/dev/null bs=1M
  dgenfs umount /mnt/synth

Copy a gigabyte that compresses 2:1 and deduplicates 4:1:

  cp /mnt/synth/1G,compress=2,dedup=4 /storage/under/test/

Check a copy, with nothing but the command line:

  dgenfs verify --seed 7 --size 64G /storage/under/test/data
  dgenfs sum --seed 7 --size 64G | (cd /storage/under/test && sha256sum -c)
`

// roffWriter writes the language man(7).
type roffWriter struct{ strings.Builder }

func (m *roffWriter) section(name string)    { fmt.Fprintf(m, ".SH %s\n", name) }
func (m *roffWriter) subsection(name string) { fmt.Fprintf(m, ".SS %s\n", roff(name)) }
func (m *roffWriter) bold(text string)       { fmt.Fprintf(m, "\\fB%s\\fR\n", roff(text)) }
func (m *roffWriter) item(name string)       { fmt.Fprintf(m, ".TP\n\\fB%s\\fR\n", roff(name)) }

// text writes paragraphs. Those that are indented by two blanks are examples.
func (m *roffWriter) text(text string) {
	for i, paragraph := range paragraphs(text) {
		if example, ok := strings.CutPrefix(paragraph, "  "); ok {
			example = strings.ReplaceAll(example, "\n  ", "\n")
			fmt.Fprintf(m, ".PP\n.RS 4\n.nf\n%s\n.fi\n.RE\n", roff(example))
			continue
		}
		if i > 0 {
			m.WriteString(".PP\n")
		}
		m.WriteString(roff(paragraph) + "\n")
	}
}

func (m *roffWriter) keys(keys []key) {
	for _, k := range keys {
		m.item(k.String())
		m.text(k.text)
	}
}

// flags writes every flag once, below the commands that have it.
func (m *roffWriter) flags(commands []Command) {
	having := make(map[flag][]string)
	var all []flag
	for _, c := range commands {
		for _, f := range c.flags() {
			if f == helpFlag {
				continue
			}
			if having[f] == nil {
				all = append(all, f)
			}
			having[f] = append(having[f], c.Name)
		}
	}
	var done []string
	for _, f := range all {
		group := strings.Join(having[f], ", ")
		if slices.Contains(done, group) {
			continue
		}
		done = append(done, group)
		m.subsection("Flags of " + group)
		for _, f := range all {
			if strings.Join(having[f], ", ") == group {
				m.flag(f)
			}
		}
	}
}

func (m *roffWriter) flag(f flag) {
	name := strings.Join(f.names(), ", ")
	if f.value != "" {
		name += " " + f.value
	}
	m.item(name)
	m.text(f.text)
}

// roff returns text as the formatter prints it: with dashes and quotes that can
// be copied, and no line that it takes for a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "~", `\(ti`, "^", `\(ha`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
