package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const manSynopsis = `dgenfs man

Prints the manual page, made from the same table of flags as --help. To keep it,
write it to /usr/local/share/man/man1/dgenfs.1; to read it now:

  dgenfs man | man -l -
`

func manCommand(args []string, stdout, _ io.Writer) error {
	f := newFlags("man", manSynopsis, stdout)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return usagef("man takes no arguments, got %q", f.Arg(0))
	}
	if _, err := io.WriteString(stdout, manPage(helpOfCommands())); err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}

// manPage returns the manual in the language man(7). It has no date, so that
// the same program always prints the same page.
func manPage(commands []commandHelp) string {
	var m manWriter
	m.WriteString(".TH DGENFS 1 \"\" \"dgenfs\" \"User Commands\"\n")
	m.WriteString(".nh\n.ad l\n") // what is to be typed must not be broken

	m.section("NAME")
	m.WriteString("dgenfs \\- mount files that do not exist, generated while they are read\n")

	m.section("SYNOPSIS")
	for i, c := range commands {
		if i > 0 {
			m.WriteString(".br\n")
		}
		m.bold(c.usage)
	}

	m.section("DESCRIPTION")
	m.text(manDescription)

	m.section("COMMANDS")
	for _, c := range commands {
		m.subsection(c.usage)
		m.text(c.text)
	}

	m.section("OPTIONS")
	m.text("Every command takes --help, too. All of the flags of mount and run may also be written as mount options, after -o and with underscores: -o size=64G,allow_other.\n")
	m.flags(commands)

	m.section("SPECIFICATIONS")
	m.text(manSpecifications)
	for _, k := range specKeys {
		m.item(k.key + "=" + k.value)
		m.text(k.text)
	}
	m.WriteString(".PP\n")
	m.text(manNames)

	m.section("TREES")
	m.text(manTrees)

	m.section("FILES")
	m.item("MOUNTPOINT/.dgenfs/config")
	m.text("What the mount is served with, and why: the transport, the threads and their memory, the largest request. The folder is not listed.\n")
	m.item("MOUNTPOINT/.dgenfs/tree")
	m.text("The tree file that makes the files again, and in a comment the flags that it takes.\n")
	m.item("MOUNTPOINT/.dgenfs/stats, metrics, version")
	m.text("What was served so far, as JSON and in the text format of Prometheus, and what serves it.\n")
	m.item("/sys/module/fuse/parameters/enable_uring")
	m.text("Y if mounts made from now on may be served over io_uring.\n")
	m.item("/etc/fuse.conf")
	m.text("Needs the line user_allow_other before users other than root can use --allow-other.\n")

	m.item("/sbin/mount.dgenfs")
	m.text("A link to the program, for mount -t dgenfs and for lines of /etc/fstab. Its exit statuses are those of mount(8).\n")

	m.section("EXIT STATUS")
	for _, s := range []struct {
		status int
		text   string
	}{{exitDone, "Done."}, {exitFailed, "The work failed."}, {exitUsage, "Wrong usage."}} {
		m.item(fmt.Sprint(s.status))
		m.text(s.text)
	}
	m.WriteString(".PP\n")
	m.text("The exit status of dgenfs run is that of its command. Errors are one line on standard error.\n")

	m.section("EXAMPLES")
	m.text(manExamples)

	m.section("SEE ALSO")
	m.WriteString(".BR fuse (4),\n.BR fusermount3 (1),\n.BR mount (8),\n.BR fstab (5),\n.BR systemd.mount (5),\n.BR numa (7)\n")
	return m.String()
}

const manDescription = `dgenfs mounts a directory of files that do not exist. Their bytes are generated
while they are read: of the size, the seed, the deduplication ratio and the
compressibility that was asked for, from no disk at all, and the same bytes again
at every read, on every machine.

In the root of every mount, any name that is a SPEC exists, whether it is listed or
not. A mount is read-only. SIGINT, SIGTERM and SIGHUP unmount; if the mount is
busy, a second signal detaches it, and a third one ends the process. Under systemd,
SIGHUP opens the log anew instead.
`

const manSpecifications = `A file is described by a SPEC: its SIZE, and keys after commas.

  SIZE[,KEY=VALUE]...

A SIZE is a number, with K M G T P E for powers of 1024, KB MB .. for powers of
1000, or KiB MiB .. for powers of 1024; up to 2^63-1 bytes. The keys are:
`

const manNames = `The same SPEC is used for --size, after the name in --file NAME:SPEC, in tree files,
and as a file's name in the root of a mount. NAME may have folders and ranges:
part-{0000..1023}.bin:150M is 1024 files, {8..12} is not padded, {08..12} is. The
characters {, } and \ are written \{, \} and \\, and \xHH is any byte.
`

const manTrees = `Where a SPEC is for many files, its SIZE may be drawn: 4K..1M is log-uniform,
lognormal:64K:1.5 log-normal, of this median and sigma. It may have one more key:
total=SIZE, for as many files as have this size together, or share=P%, the share of
the number of files of a tree that --total or --count gives. NAME then has an open
range, {0..}, or {000..} for up to a thousand names.

A tree file has a line for each entry: NAME, blanks, SPEC. Lines that begin with #
are comments. dgenfs tree --preset NAME prints one.
`

const manExamples = `Mount 64 GiB of data, read it, and unmount:

  dgenfs --size 64G --seed 7 /mnt/synth
  dd if=/mnt/synth/data of=/dev/null bs=1M
  dgenfs umount /mnt/synth

Copy a gigabyte that compresses 2:1 and of which a quarter is distinct:

  cp /mnt/synth/1G,compress=2,dedup=4 /storage/under/test/

Check a copy, from the command line alone:

  dgenfs run --seed 7 --size 64G -- cmp {}/data /storage/under/test/data
  dgenfs cat --seed 7 10G | cmp - /storage/under/test/10G
`

// manWriter writes the language man(7).
type manWriter struct{ strings.Builder }

func (m *manWriter) section(name string)    { fmt.Fprintf(m, ".SH %s\n", name) }
func (m *manWriter) subsection(name string) { fmt.Fprintf(m, ".SS %s\n", roff(name)) }
func (m *manWriter) bold(text string)       { fmt.Fprintf(m, "\\fB%s\\fR\n", roff(text)) }
func (m *manWriter) item(name string)       { fmt.Fprintf(m, ".TP\n\\fB%s\\fR\n", roff(name)) }

// text writes paragraphs with empty lines between them. Those that are indented
// by two blanks are examples.
func (m *manWriter) text(text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
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

// flags writes every flag once, under the commands that have it.
func (m *manWriter) flags(commands []commandHelp) {
	having := make(map[flagHelp][]string)
	var all []flagHelp
	for _, c := range commands {
		for _, f := range c.flags {
			if having[f] == nil {
				all = append(all, f)
			}
			having[f] = append(having[f], c.name)
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

func (m *manWriter) flag(f flagHelp) {
	name := strings.Join(f.names(), ", ")
	if f.value != "" {
		name += " " + f.value
	}
	text := f.text
	if f.byDefault != "" {
		text += " (default: " + f.byDefault + ")"
	}
	m.item(name)
	m.text(text)
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
