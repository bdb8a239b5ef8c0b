package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// readParquetAgain reads a table with arrow-go, and writes the values of each column.
func readParquetAgain(name string, out *bufio.Writer) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	memory := memory.DefaultAllocator
	table, err := pqarrow.ReadTable(context.Background(), f, parquet.NewReaderProperties(memory), pqarrow.ArrowReadProperties{}, memory)
	if err != nil {
		return err
	}
	defer table.Release()
	for i := range int(table.NumCols()) {
		for _, chunk := range table.Column(i).Data().Chunks() {
			if chunk.NullN() != 0 {
				return fmt.Errorf("column %d has %d nulls", i, chunk.NullN())
			}
			if list, ok := chunk.(*array.List); ok {
				chunk = list.ListValues()
			}
			width := chunk.DataType().(arrow.FixedWidthDataType).BitWidth() / 8
			out.Write(chunk.Data().Buffers()[1].Bytes()[:chunk.Len()*width])
		}
	}
	return nil
}

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
