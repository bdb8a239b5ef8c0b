package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// readParquet writes all values of a table, little-endian, in the order of its row
// groups and of their columns, each column's padded with zeros to a multiple of 64
// bytes: the payload, then, but for its masks. It checks that lists are of one length.
func readParquet(name string, out *bufio.Writer) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	table, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return err
	}
	for _, group := range table.RowGroups() {
		for _, chunk := range group.ColumnChunks() {
			if err := readChunk(chunk, group.NumRows(), out); err != nil {
				return err
			}
		}
	}
	return nil
}

func readChunk(chunk parquet.ColumnChunk, rows int64, out *bufio.Writer) error {
	pages := chunk.Pages()
	defer pages.Close()
	begun, written := int64(0), 0
	values := make([]parquet.Value, 4096)
	bytes := false // whole numbers of 8 bits
	if c := chunk.Type().ConvertedType(); c != nil {
		bytes = *c == deprecated.Uint8 || *c == deprecated.Int8
	}
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("column %d: %w", chunk.Column(), err)
		}
		reader := page.Values()
		for {
			n, err := reader.ReadValues(values)
			for _, v := range values[:n] {
				if v.RepetitionLevel() == 0 {
					begun++
				}
				var b []byte
				switch v.Kind() {
				case parquet.Int32:
					b = binary.LittleEndian.AppendUint32(nil, v.Uint32())
					if bytes {
						b = b[:1]
					}
				case parquet.Float:
					b = binary.LittleEndian.AppendUint32(nil, v.Uint32())
				case parquet.Int64, parquet.Double:
					b = binary.LittleEndian.AppendUint64(nil, v.Uint64())
				default:
					b = v.ByteArray()
				}
				written += len(b)
				out.Write(b)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return fmt.Errorf("column %d: %w", chunk.Column(), err)
			}
		}
		parquet.Release(page)
	}
	if begun != rows {
		return fmt.Errorf("column %d has %d rows, not %d", chunk.Column(), begun, rows)
	}
	_, err := out.Write(make([]byte, (64-written%64)%64))
	return err
}
