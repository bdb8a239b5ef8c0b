package fs

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dgenfs/dgenfs/fs/written"
)

// sinkStats is what the control files stats and metrics report of a sink.
type sinkStats struct {
	Sink
	counts []sinkCount
	first  *written.Difference // nil if there is none
}

// sinkCount is one number, and what it is called in stats, in metrics, and in words.
type sinkCount struct {
	name, metric, help string
	value              uint64
}

func (s *sink) stats() *sinkStats {
	if s == nil {
		return nil
	}
	c := &s.counts
	stats := &sinkStats{Sink: s.Sink, counts: []sinkCount{
		{"bytes_equal", "dgenfs_written_bytes_equal_total", "Bytes written that were what the files contain.", c.equal.Load()},
		{"bytes_different", "dgenfs_written_bytes_different_total", "Bytes written that were not what the files contain.", c.different.Load()},
		{"bytes_discarded", "dgenfs_written_bytes_discarded_total", "Bytes written that were dropped.", c.discarded.Load()},
		{"writes_different", "dgenfs_writes_different_total", "Writes that differed, or made files too long.", s.differences.Count()},
		{"files_complete", "dgenfs_files_complete_total", "Files written as a whole, and right.", c.complete.Load()},
		{"files_short", "dgenfs_files_short_total", "Files that were too short when their writers closed them.", c.short.Load()},
		{"files_partial", "dgenfs_files_partial", "Files that are known to be written in part.", uint64(len(s.partial()))},
		{"names_made", "dgenfs_names_made_total", "Names of files and directories made.", c.made.Load()},
		{"names_refused", "dgenfs_names_refused_total", "Names that could not be made.", c.refused.Load()},
	}}
	if all := s.differences.List(); len(all) > 0 {
		stats.first = all[0]
	}
	return stats
}

// partial returns the files that have been written, but not as a whole and right, or are
// too short, by their ids.
func (s *sink) partial() []*sinkFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*sinkFile
	for _, files := range []map[uint64]*sinkFile{s.open, s.recent, s.older} {
		for _, id := range slices.Sorted(maps.Keys(files)) {
			if s.Check && files[id].isPartial() {
				all = append(all, files[id])
			}
		}
	}
	return all
}

// isPartial reports whether something is missing of a file that was written.
func (file *sinkFile) isPartial() bool {
	file.mu.Lock()
	defer file.mu.Unlock()
	if file.removed || file.covered.Bytes() == file.size {
		return false
	}
	return file.covered.Bytes() > 0 || file.cut || file.length.Load() < file.size
}

// json writes the counts as members of an object, with a comma behind each.
func (s *sinkStats) json() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  \"accept_writes\": %t,\n  \"discard\": %t,\n", s.Check, s.Discard)
	for _, c := range s.counts {
		fmt.Fprintf(&b, "  %q: %20d,\n", c.name, c.value)
	}
	if d := s.first; d != nil {
		text, _ := json.Marshal(map[string]any{"file": d.File, "offset": d.Offset, "kind": d.Kind}) // never fails
		fmt.Fprintf(&b, "  \"first_difference\": %s,\n", text)
	}
	return b.String()
}

// maxPartial is how many partial files are listed.
const maxPartial = 1000

// text lists the first difference of every handle that had one, and the files that are
// known to be written in part.
func (s *sink) text(f *FS) string {
	var b strings.Builder
	for _, d := range s.differences.List() {
		fmt.Fprintf(&b, "different %v\n", d)
	}
	all := s.partial()
	for _, file := range all[:min(len(all), maxPartial)] {
		if missing := file.missing(); missing != "" {
			fmt.Fprintf(&b, "partial %q: %s\n", f.pathOf(file.id), missing)
		}
	}
	if len(all) > maxPartial {
		fmt.Fprintf(&b, "and %d more partial files\n", len(all)-maxPartial)
	}
	return b.String()
}
