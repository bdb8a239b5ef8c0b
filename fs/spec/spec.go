// Package spec is the grammar of what a file is: its size, and how its bytes
// look to a store that deduplicates or compresses them.
//
//	SPEC = SIZE [ "," KEY "=" VALUE ]...
//	KEY  = seed | dedup | unit | run | skew | scope | group | compress |
//	       texture | spread | zero | random | region | holes | hole |
//	       generation | change | insert | phase | format | shape | dtype | nan |
//	       record | columns | rows | rowgroup | members | member | rate | latency |
//	       fail | corrupt | mode | uid | gid | mtime
//
//	seed=N        which bytes: decimal, or 0x and hexadecimal; if not given, it
//	              follows from the file's path
//	dedup=R       how often a unit occurs on average, 1 or more
//	unit=SIZE     what deduplication repeats, a multiple of 4K up to 1G; 128K
//	run=SIZE      neighbouring units that repeat and change together, at least: a
//	              multiple of the unit up to 1T; one unit if not given, but in version 1
//	skew=N        0 to 8: from all units about equally often to a few very often
//	scope=file    dedup counts in each file alone, or
//	scope=group   in all files of an entry together, a range such as
//	              part-{00..99}; a file that is alone is a group of one
//	group=NofM    what scope=group comes to for one of the files: its units are
//	              those from number N on, counted from 0, of the M of the group
//	compress=R    original size by compressed size, 1 to 100
//	texture=NAME  what the bytes are like: random, flat, text, code, log or binary;
//	              compress= then is what zstd -3 makes of blocks of 128 KiB
//	spread=S      how much the ratios of regions differ, 0 to 1: the standard
//	              deviation of their logarithm
//	zero=P%       share of the regions that are zeros
//	random=P%     share of the regions that are random bytes
//	region=SIZE   length of a region, a multiple of 4K up to 1G; 64K
//	holes=P%      share of the file that is holes, which read as zeros: of its whole
//	              pieces of hole=; the other keys are about the rest
//	hole=SIZE     length of such a piece, a multiple of 4K up to 1G; one unit
//	generation=N  which of the generations of a file that changes, 0 to 4095
//	change=P%     share of the distinct units that each generation replaces
//	insert=P%     share of its size that each generation inserts into the file, which
//	              shifts what follows
//	phase=N       billionths of a unit to be replaced that are there from the
//	              start, 0 to 999999999: which small files change when
//	format=NAME   what the file is to its readers, see package format, which has
//	              the keys from shape= to member=, too; the other keys are then
//	              about the payload, but for SIZE, which is the file's; or
//	format=auto   the format that the extension of the file's name says
//	rate=SIZE     bytes a second, for all readers of the file together
//	latency=TIME  how long a request takes at least: 2ms, 1.5s, 50us, up to 3600s
//	fail=ERR@OFFSET+LENGTH
//	              reads of this range fail with an error such as eio
//	fail=ERR:P%   reads of this share of the cells of 4 KiB fail, always of the
//	              same ones
//	fail=CALL:ERR:P%
//	              this share of the files cannot be opened, or looked up: open, stat
//	corrupt=KIND@OFFSET
//	corrupt=KIND@OFFSET+LENGTH
//	corrupt=KIND:P%
//	              reads get other bytes than the file has: bit, zero, stale, swap,
//	              torn, short, see package corrupt; of this range, or of this share of
//	              the cells of 4 KiB
//	mode=MODE     permissions, octal, 0 to 7777
//	uid=N, gid=N  owner and group, by number
//	mtime=MOMENT  when it was modified last: 2024-05-01, or 2024-05-01T12:30:00, in UTC
//	mtime=MOMENT..MOMENT
//	              a moment in this range, drawn for each file
//
// fail= and corrupt= may have several items, with a + between them. The keys from rate= on
// affect how a file is seen through a mount, not the bytes that it should have.
//
// The files of a group share their units because they share their seed, too. So a
// spec with seed= and group= describes a file of a group completely, without the
// others.
//
// Where a spec is for many files, see [ParseFiles], their sizes may be drawn, and
// it may say how many of them there are:
//
//	SIZE          FROM..TO, lognormal:MEDIAN:SIGMA or normal:MEAN:SIGMA, both perhaps
//	              with :MIN..MAX, or square:SIDE:SIGMA; see [Sizes]
//	total=SIZE    as many as have this size together
//	share=P%      this share of the number of all files
//	index=DIR     files with records have index files, see [Index]
//
// or, in place of all that, be of symbolic links: symlink=TARGET, and of the keys above uid,
// gid, mtime and share; or of hard links: hardlink=NAME. See [Link].
//
// Where a drawn size is not one that the format has, the file has the nearest one.
//
// The one grammar serves the command line, tree files and file names, so it has
// no white space, no quoting and no slash. A spec is read exactly or not at all:
// nothing is clamped or ignored. Packages gen and format generate what specs say; see
// [Spec.Open]. The functions are pure, so concurrent use is safe.
package spec

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
	"github.com/dgenfs/dgenfs/fs/format"
	"github.com/dgenfs/dgenfs/gen"
)

// Limits of the keys: those of the generator. Sizes are in bytes.
const (
	Cell        = gen.Cell // a unit is a multiple of it
	DefaultUnit = gen.DefaultUnit
	MinUnit     = gen.MinUnit
	MaxUnit     = gen.MaxUnit
	MaxSkew     = gen.MaxSkew
	MaxCompress = gen.MaxCompress

	MaxGeneration = gen.MaxGeneration
)

// Spec says what a file is. Parse returns only valid ones, with every default
// filled in, and two specs that say the same are equal by ==.
type Spec struct {
	Size     int64   // bytes, 0 to 8E-1
	Seed     uint64  // valid if HasSeed, else 0
	HasSeed  bool    // whether the spec names a seed; if not, one follows from the file's path
	Dedup    float64 // how often a unit occurs on average: finite, 1 or more; 1 unless given
	Unit     int64   // bytes, the piece that deduplication repeats: multiple of Cell, MinUnit to MaxUnit; DefaultUnit unless given
	Skew     int     // how much more frequent some units are than others: 0 to MaxSkew; 0 unless given
	Group    bool    // scope=group: the file shares the units of its entry's files, see Member; or is one of whole copies, see Copy
	First    uint64  // group=: the number of the file's first unit in its group; 0 if Units is
	Units    uint64  // group=: the units of the whole group; 0 if not given, and always if Group
	Compress float64 // original size by compressed size: 1 to MaxCompress; unless given, what is usual for the texture
	Run      int64   // bytes that repeat and change together, at least: a multiple of Unit up to MaxRun; 0, one unit, unless given

	Texture // texture=, spread=, zero=, random=, region=: what the bytes are like

	Holes Holes // holes=, hole=: what of the file is holes; the keys above are about the rest

	Revision // generation=, change=, insert=, phase=: what generations have changed

	Format format.Description // zero if there is none; its Size is always 0, and its Format may be Auto in Files

	Trouble Trouble // rate=, latency=, fail=, corrupt=: how reads through a mount are slowed down, fail, or lie

	Attributes Attributes // mode=, uid=, gid=, mtime=
}

// Content returns what determines the bytes that the file should have: s without its Trouble
// and Attributes.
func (s Spec) Content() Spec {
	s.Trouble, s.Attributes = Trouble{}, Attributes{}
	return s
}

// Parse reads a spec such as 64G,dedup=3,compress=2,seed=7. Keys may come in any
// order, each at most once.
//
// An error is one line that quotes the part that is wrong and says what would be
// right; where the spec came from is for the caller to add. A string that does
// not begin with a size is rejected before anything else is looked at, because
// Parse sees every unknown name that is looked up in the root of a mount.
func Parse(s string) (Spec, error) {
	f, err := parse(s, false)
	if err != nil && IsLink(s) {
		return Spec{}, errLink
	}
	if err == nil && f.Format.Format == Auto {
		return Spec{}, errors.New("format=auto: there is no name to take the format from; name the format")
	}
	return f.Spec, err
}

func parse(s string, many bool) (f Files, err error) {
	if many && IsLink(s) {
		return parseLink(s)
	}
	size, rest, more := strings.Cut(s, ",")
	f = Files{Spec: Spec{Dedup: 1, Unit: DefaultUnit, Compress: 1}}
	sizes, drawn, err := parseSizes(size)
	switch {
	case drawn && err == nil && !many:
		err = fmt.Errorf("sizes %q: a single file has a single size, such as 64K", Cut(size))
	case drawn:
		f.Sizes = sizes
	default:
		f.Size, err = bytesize.Parse(size)
	}
	if err != nil {
		return Files{}, err
	}

	given := make(map[string]bool)
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		if part == "" {
			return Files{}, fmt.Errorf("%q has an empty part; write SIZE,KEY=VALUE,KEY=VALUE without an extra comma", Cut(s))
		}
		key, value, hasValue := strings.Cut(part, "=")
		ofFiles := slices.Contains(filesKeys, key)
		switch {
		case ofFiles && !many:
			return Files{}, fmt.Errorf("key %q is for many files, not for one; leave it out", Cut(key))
		case !ofFiles && !slices.Contains(keys, key):
			return Files{}, unknownKey(size, key, many)
		case !hasValue:
			return Files{}, fmt.Errorf("key %q has no value; write %s=VALUE", Cut(key), key)
		case given[key]:
			return Files{}, fmt.Errorf("key %q is given twice; give it once", Cut(key))
		}
		given[key] = true
		set := f.Spec.set
		if ofFiles {
			set = f.set
		}
		if err := set(key, value); err != nil {
			return Files{}, err
		}
	}
	if err := f.check(given); err != nil {
		return Files{}, err
	}
	return f, nil
}

// check checks what keys say together.
func (f *Files) check(given map[string]bool) error {
	switch {
	case given["scope"] && given["group"]:
		return errors.New("scope= and group= exclude each other; leave out scope=")
	case given["total"] && given["share"]:
		return errors.New("total= and share= exclude each other; each says how many files there are")
	case !f.Sizes.IsZero() && f.Group && f.Skew > 0:
		return fmt.Errorf("sizes %q: with scope=group, whole files repeat about equally often; leave out skew=", f.Sizes)
	case !f.Sizes.IsZero() && given["group"]:
		return fmt.Errorf("sizes %q: group= is the place of a file of one size, such as 64K", f.Sizes)
	}
	if err := f.checkIndex(); err != nil {
		return err
	}
	if err := f.checkFormat(); err != nil {
		return err
	}
	if given["group"] && f.Format.Format != Auto {
		if err := f.checkPlace(); err != nil {
			return err
		}
	}
	if err := cmp.Or(f.checkBytes(given), f.checkHoles()); err != nil {
		return err
	}
	if !f.Sizes.IsZero() {
		return nil // each file fails as far as it has the range
	}
	return f.Trouble.check(f.Size)
}

func (s *Spec) set(key, value string) (err error) {
	switch key {
	case "seed":
		s.HasSeed = true
		s.Seed, err = ParseSeed(value)
	case "dedup":
		if s.Dedup, err = ParseRatio(value); err != nil {
			return fmt.Errorf("dedup %q: %w", Cut(value), err)
		}
	case "unit":
		if s.Unit, err = bytesize.Parse(value); err != nil {
			return fmt.Errorf("unit: %w", err)
		}
		if s.Unit < MinUnit || s.Unit > MaxUnit || s.Unit%Cell != 0 {
			return fmt.Errorf("unit %q: a unit is a multiple of %s, from %s to %s",
				Cut(value), bytesize.Format(Cell), bytesize.Format(MinUnit), bytesize.Format(MaxUnit))
		}
	case "run":
		return s.setRun(value)
	case "skew":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n > MaxSkew {
			return fmt.Errorf("skew %q: a skew is a whole number from 0 to %d", Cut(value), MaxSkew)
		}
		s.Skew = int(n)
	case "scope":
		if value != "file" && value != "group" {
			return fmt.Errorf("scope %q: a scope is file or group", Cut(value))
		}
		s.Group = value == "group"
	case "group":
		s.First, s.Units, err = parsePlace(value)
	case "compress":
		if s.Compress, err = ParseRatio(value); err != nil {
			return fmt.Errorf("compress %q: %w", Cut(value), err)
		}
		if s.Compress > MaxCompress {
			return fmt.Errorf("compress %q: the highest ratio is %v", Cut(value), MaxCompress)
		}
	default:
		if slices.Contains(textureKeys, key) {
			return s.Texture.set(key, value)
		}
		if slices.Contains(holesKeys, key) {
			return s.Holes.set(key, value)
		}
		if slices.Contains(revisionKeys, key) {
			return s.Revision.set(key, value)
		}
		if isFormatKey(key) {
			return s.setFormat(key, value)
		}
		if slices.Contains(attributeKeys, key) {
			return s.Attributes.set(key, value)
		}
		return s.Trouble.set(key, value)
	}
	return err
}

// String returns the canonical form: keys in fixed order, defaults left out.
// Parse turns it back into an equal Spec. In a Spec made by hand, 0 counts as
// the default of Dedup, Unit and Compress.
func (s Spec) String() string { return bytesize.Format(s.Size) + string(s.appendKeys(nil)) }

func (s Spec) appendKeys(b []byte) []byte {
	if s.HasSeed {
		b = strconv.AppendUint(append(b, ",seed="...), s.Seed, 10)
	}
	if s.Dedup > 1 {
		b = append(append(b, ",dedup="...), FormatRatio(s.Dedup)...)
	}
	if s.Unit != 0 && s.Unit != DefaultUnit {
		b = append(append(b, ",unit="...), bytesize.Format(s.Unit)...)
	}
	if s.Run != 0 {
		b = append(append(b, ",run="...), bytesize.Format(s.Run)...)
	}
	if s.Skew != 0 {
		b = strconv.AppendInt(append(b, ",skew="...), int64(s.Skew), 10)
	}
	if s.Group {
		b = append(b, ",scope=group"...)
	}
	if s.Units != 0 {
		b = strconv.AppendUint(append(b, ",group="...), s.First, 10)
		b = strconv.AppendUint(append(b, placeOf...), s.Units, 10)
	}
	if _, _, usual := s.Texture.Texture.Ratios(); s.Compress != usual && s.Compress != 0 {
		b = append(append(b, ",compress="...), FormatRatio(s.Compress)...)
	}
	b = s.Revision.append(s.Holes.append(s.Texture.append(b)))
	return s.Attributes.append(s.Trouble.append(s.Format.Append(b)))
}
