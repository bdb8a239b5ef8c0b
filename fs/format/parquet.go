package format

import (
	"fmt"
	"math"
	"sort"
)

// Apache Parquet 2: required columns that are not compressed, one data page for each
// column in a row group, no statistics. Lists have a fixed length, and so levels that
// repeat. Whole numbers of 8 bits, which Parquet has in 32, are in pages of bytes that
// refer to a dictionary of all 256, as other writers store them; other types are plain,
// and those of 16 bits not negative and of less than half their range if signed.

const (
	parquetMagic = "PAR1"
	parquetGroup = 64 << 20 // bytes of a row group, about, unless rowgroup= says how many rows
	parquetPage  = 1 << 30  // bytes of a page at most
	parquetAlign = 64       // of a column's payload
)

// parquetRun is a run of columns of one kind whose numbers have as many digits, so that
// they have the same length everywhere.
type parquetRun struct {
	kind          *Column
	mask          *mask
	first, count  int64 // number of the first column, and how many
	schema, chunk int64 // bytes of a column in the schema, and in a row group's description
}

// parquetRuns returns the runs of a table.
func parquetRuns(kinds []Column, masks []*mask) (runs []parquetRun) {
	first, ten := int64(0), int64(10)
	for i := range kinds {
		for end := first + kinds[i].Count; first < end; {
			for first >= ten {
				ten *= 10
			}
			r := parquetRun{kind: &kinds[i], mask: masks[i], first: first, count: min(end, ten) - first}
			var t thrift
			r.appendSchema(&t, first)
			r.schema = int64(len(t.b))
			t.b = t.b[:0]
			r.appendChunk(&t, first, 0, new(parquetColumn))
			r.chunk = int64(len(t.b))
			runs = append(runs, r)
			first += r.count
		}
	}
	return runs
}

// parquetRows is a row group of some number of rows.
type parquetRows struct {
	rows    int64
	runs    []parquetRun
	columns []parquetColumn // one for each run
	size    int64
	payload int64
}

// parquetLayout is a table.
type parquetLayout struct {
	kinds  []Column
	runs   []parquetRun
	rows   int64
	groups int64
	full   *parquetRows // all groups but the last
	last   *parquetRows
	pad    int64 // zeros before the footer
	footer parquetFooter
}

// newParquetRows returns a row group.
func newParquetRows(runs []parquetRun, rows int64) *parquetRows {
	g := &parquetRows{rows: rows, runs: runs, columns: make([]parquetColumn, 0, len(runs))}
	for i := range runs {
		c := runs[i].kind.parquet(rows)
		c.start, c.payload = g.size, g.payload
		g.columns = append(g.columns, c)
		g.size += runs[i].count * c.size
		g.payload += runs[i].count * c.stride
	}
	return g
}

// group returns row group i.
func (l *parquetLayout) group(i int64) *parquetRows {
	if i == l.groups-1 {
		return l.last
	}
	return l.full
}

func (l *parquetLayout) groupStart(i int64) int64 { return int64(len(parquetMagic)) + i*l.full.size }

func (l *parquetLayout) piece(off int64, w *work) (piece, error) {
	begin := int64(len(parquetMagic))
	if off < begin {
		return piece{end: begin, bytes: []byte(parquetMagic)}, nil
	}
	data := l.groupStart(l.groups-1) + l.last.size
	footer := data + l.pad
	switch {
	case off < data:
		i := min((off-begin)/l.full.size, l.groups-1)
		p, err := l.group(i).piece(off-l.groupStart(i), w)
		p.start += l.groupStart(i)
		p.end += l.groupStart(i)
		if p.bytes == nil {
			p.payload += i * l.full.payload
		}
		return p, err
	case off < footer:
		return piece{start: data, end: footer, payload: zeros}, nil
	}
	p := l.footerPiece(off-footer, w)
	p.start += footer
	p.end += footer
	return p, nil
}

func (g *parquetRows) piece(off int64, w *work) (piece, error) {
	i := sort.Search(len(g.columns), func(i int) bool { return g.columns[i].start > off }) - 1
	c := &g.columns[i]
	j := (off - c.start) / c.size
	begin := c.start + j*c.size
	within := off - begin
	switch {
	case within < c.levels:
		return piece{start: begin, end: begin + c.levels, bytes: c.header}, nil
	case within >= c.values:
		return piece{start: begin + c.values, end: begin + c.size, payload: c.payload + j*c.stride, mask: g.runs[i].mask}, nil
	}
	one := c.repeats
	definitions := c.levels + g.rows*int64(len(one))
	if within >= definitions {
		return piece{start: begin + definitions, end: begin + c.values, bytes: c.defined}, nil
	}
	const some = 512 // rows
	first := (within - c.levels) / int64(len(one)) / some * some
	n := min(some, g.rows-first)
	w.text = w.text[:0]
	for range n {
		w.text = append(w.text, one...)
	}
	start := begin + c.levels + first*int64(len(one))
	return piece{start: start, end: start + int64(len(w.text)), bytes: w.text}, nil
}

// sizeOf returns the length of a file of the same columns, in groups of as many rows,
// of so many rows, without what is put before the footer.
func (l *parquetLayout) sizeOf(rows int64) int64 {
	groups := (rows-1)/l.full.rows + 1
	last := l.full.size
	if rest := rows - (groups-1)*l.full.rows; rest != l.full.rows {
		last = 0
		for i := range l.kinds {
			last += l.kinds[i].Count * l.kinds[i].parquet(rest).size
		}
	}
	footer := l.footer.size(groups)
	if footer > math.MaxInt32 { // its length is a signed number to some readers
		return math.MaxInt64
	}
	return plus(l.groupStart(groups-1), plus(last, footer))
}

// parquetTable returns the table of so many rows, with groups of some number of rows.
func parquetTable(kinds []Column, full *parquetRows, rows int64) *parquetLayout {
	l := &parquetLayout{kinds: kinds, runs: full.runs, rows: rows, groups: (rows-1)/full.rows + 1, full: full}
	l.last = full
	if rest := rows - (l.groups-1)*full.rows; rest != full.rows {
		l.last = newParquetRows(full.runs, rest)
	}
	l.footer = newParquetFooter(l.runs)
	return l
}

func planParquet(d Description) (*File, error) {
	kinds := []Column{{Count: 1, DType: Float32}}
	if d.Columns != "" {
		var err error
		if kinds, err = ParseColumns(d.Columns); err != nil {
			return nil, err
		}
	}
	row := int64(0)
	masks := make([]*mask, len(kinds))
	widest := int64(0)
	for i, k := range kinds {
		value := k.values(1) * parquetTypes[k.DType].width
		row += k.Count * value
		widest = max(widest, value)
		m := sameMask(parquetTypes[k.DType].mask)
		if m != allBits && !(d.NaN && k.DType.isFloat()) {
			masks[i] = &m
		}
	}
	rows := d.RowGroup
	if rows == 0 {
		rows = max(1, parquetGroup/row)
		if d.Rows > 0 {
			rows = min(rows, d.Rows)
		}
	}
	if rows > parquetPage/widest {
		return nil, &KeyError{Key: "rowgroup", Value: d.value("rowgroup"), Reason: fmt.Sprintf("must be at most %d, for pages of up to 1 GiB", parquetPage/widest)}
	}
	full := newParquetRows(parquetRuns(kinds, masks), rows)
	one := parquetTable(kinds, full, rows)
	what := "parquet, columns=" + formatColumns(kinds)
	total := func(n int64) int64 {
		if times(n, row) == math.MaxInt64 || n/rows > math.MaxInt64/4/full.size {
			return math.MaxInt64
		}
		return one.sizeOf(n)
	}
	n := d.Rows
	switch {
	case n > 0:
		what += fmt.Sprintf(", rows=%d", n)
		if err := exactly(what, d.Size, total(n)); err != nil {
			return nil, err
		}
		d.Size = total(n)
	case d.Size == Any:
		return nil, anySize(what)
	default: // what is less than a row is before the footer
		n = largest(d.Size, 1, max(1, d.Size/row), total)
		if n == 0 {
			return nil, &SizeError{What: what, Size: d.Size, Above: total(1)}
		}
		if total(n+1) == math.MaxInt64 && d.Size-total(n) > row {
			return nil, &SizeError{What: what, Size: d.Size, Below: total(n)}
		}
	}
	l := parquetTable(kinds, full, n)
	l.pad = d.Size - l.sizeOf(n)
	f := &File{size: d.Size, layout: func() layout { return l }}
	f.payload = (l.groups-1)*l.full.payload + l.last.payload
	return f, nil
}
