package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// readArrow writes the values of a file's only column.
func readArrow(name string, out *bufio.Writer) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := ipc.NewFileReader(f)
	if err != nil {
		return err
	}
	defer r.Close()
	for i := range r.NumRecords() {
		record, err := r.RecordBatch(i)
		if err != nil {
			return err
		}
		if record.NumCols() != 1 || record.Column(0).NullN() != 0 {
			return fmt.Errorf("%d columns, %d nulls", record.NumCols(), record.Column(0).NullN())
		}
		width := r.Schema().Field(0).Type.(interface{ BitWidth() int }).BitWidth() / 8
		out.Write(record.Column(0).Data().Buffers()[1].Bytes()[:record.NumRows()*int64(width)])
	}
	return nil
}
