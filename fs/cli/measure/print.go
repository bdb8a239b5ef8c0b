package measure

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// Print writes tables for each source, for all of them, and for what they are compared
// with.
func (r *Report) Print(w io.Writer) error {
	results := r.Arguments
	if r.Together != nil {
		results = append(results[:len(results):len(results)], r.Together)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	if r.Against != nil {
		printAgainst(t, results[len(results)-1], r.Against)
		return t.Flush()
	}
	for i, result := range results {
		if i > 0 {
			fmt.Fprintln(t)
		}
		result.print(t)
	}
	return t.Flush()
}

func (r *Result) print(t io.Writer) {
	fmt.Fprintf(t, "%s (%s)\n", r.Name, bytesize.Format(r.Size))
	fmt.Fprintln(t, "block\tblocks\tdistinct\tdedup\tdeflate\tboth\tdeflated\t")
	for _, s := range r.Sizes {
		ratios := "-\t-\t-"
		if s.Blocks > 0 {
			ratios = fmt.Sprintf("%.3f\t%.3f\t%.3f", s.Dedup, s.Deflate, s.Both)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t\n", bytesize.Format(s.Block), s.Blocks, count(s.Distinct, s.Estimated), ratios, bytesize.Format(s.Deflated))
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "codec\tblock\tratio\t5 %\t25 %\t50 %\t75 %\t95 %\tsampled\t")
	for _, c := range r.Codecs {
		fmt.Fprintf(t, "%s\t%s\t", c.Codec, bytesize.Format(c.Block))
		if q := c.Quantiles; q != nil {
			fmt.Fprintf(t, "%.3f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t", c.Ratio, q.P5, q.P25, q.P50, q.P75, q.P95)
		} else {
			fmt.Fprint(t, "-\t-\t-\t-\t-\t-\t")
		}
		fmt.Fprintf(t, "%s\t\n", bytesize.Format(c.Sampled))
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "chunks of\tmean\tchunks\tdistinct\tdedup\t")
	for _, c := range r.Chunks {
		dedup := "-"
		if c.Chunks > 0 {
			dedup = fmt.Sprintf("%.3f", c.Dedup)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t\n", bytesize.Format(c.Average), bytesize.Format(c.Mean), c.Chunks, count(c.Distinct, c.Estimated), dedup)
	}
	fmt.Fprintf(t, "\nentropy: %.3f bits a byte; zero blocks of 4K: %s\n", r.Entropy, percent(r.Zero, r.Size))
}

// count is a number, marked if it is an estimate.
func count(n int64, estimated bool) string {
	if estimated {
		return fmt.Sprintf("~%d", n)
	}
	return fmt.Sprint(n)
}

func percent(part, of int64) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(of))
}

// printAgainst writes figures of both side by side.
func printAgainst(t io.Writer, r, against *Result) {
	fmt.Fprintf(t, "%s (%s) against %s (%s)\n", r.Name, bytesize.Format(r.Size), against.Name, bytesize.Format(against.Size))
	fmt.Fprintln(t, "figure\tblock\tfound\tagainst\tdifference\t")
	line := func(figure, block string, found, other float64) {
		if found == 0 || other == 0 {
			return // of one of them there is too little
		}
		fmt.Fprintf(t, "%s\t%s\t%.3f\t%.3f\t%+.1f %%\t\n", figure, block, found, other, 100*(other/found-1))
	}
	for i, c := range r.Codecs {
		line(c.Codec, bytesize.Format(c.Block), c.Ratio, against.Codecs[i].Ratio)
	}
	for i, c := range r.Codecs {
		a := against.Codecs[i]
		if c.Block > 32<<10 || c.Codec != "lz4" && c.Codec != "zstd -3" || c.Quantiles == nil || a.Quantiles == nil {
			continue
		}
		block := bytesize.Format(c.Block)
		line(c.Codec+", 5 % below", block, c.Quantiles.P5, a.Quantiles.P5)
		line(c.Codec+", half below", block, c.Quantiles.P50, a.Quantiles.P50)
		line(c.Codec+", 95 % below", block, c.Quantiles.P95, a.Quantiles.P95)
	}
	for i, s := range r.Sizes {
		line("dedup", bytesize.Format(s.Block), s.Dedup, against.Sizes[i].Dedup)
	}
	for i, c := range r.Chunks {
		line("dedup of chunks", bytesize.Format(c.Average), c.Dedup, against.Chunks[i].Dedup)
	}
	line("entropy", "", r.Entropy, against.Entropy)
	fmt.Fprintf(t, "zero blocks\t4K\t%s\t%s\t\t\n", percent(r.Zero, r.Size), percent(against.Zero, against.Size))
}
