package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	gguf "github.com/gpustack/gguf-parser-go"
	"github.com/nlpodyssey/gopickle/pytorch"
	"github.com/nlpodyssey/gopickle/types"
	"github.com/nlpodyssey/safetensors"
)

// readTorch writes the values of a file's only tensor; those of float16 and bfloat16 as
// float32.
func readTorch(name string, out *bufio.Writer) error {
	top, err := pytorch.Load(name)
	if err != nil {
		return err
	}
	var tensors []any
	switch d := top.(type) {
	case *types.Dict:
		for _, e := range *d {
			tensors = append(tensors, e.Value)
		}
	case *types.OrderedDict:
		for e := d.List.Front(); e != nil; e = e.Next() {
			tensors = append(tensors, e.Value.(*types.OrderedDictEntry).Value)
		}
	default:
		return fmt.Errorf("a %T, not a dictionary", top)
	}
	if len(tensors) != 1 {
		return fmt.Errorf("%d tensors, not 1", len(tensors))
	}
	t, ok := tensors[0].(*pytorch.Tensor)
	if !ok {
		return fmt.Errorf("a %T, not a tensor", tensors[0])
	}
	var values any
	switch s := t.Source.(type) {
	case *pytorch.ByteStorage:
		values = s.Data
	case *pytorch.IntStorage:
		values = s.Data
	case *pytorch.HalfStorage:
		values = s.Data
	case *pytorch.BFloat16Storage:
		values = s.Data
	case *pytorch.FloatStorage:
		values = s.Data
	case *pytorch.DoubleStorage:
		values = s.Data
	default:
		return fmt.Errorf("a %T", t.Source)
	}
	return binary.Write(out, binary.LittleEndian, values)
}

// readSafetensors writes the bytes of a file's only tensor.
func readSafetensors(name string, out *bufio.Writer) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	s, err := safetensors.Deserialize(b)
	if err != nil {
		return err
	}
	tensors := s.Tensors()
	if len(tensors) != 1 {
		return fmt.Errorf("%d tensors, not 1", len(tensors))
	}
	t := tensors[0].TensorView
	n := t.DType().Size()
	for _, d := range t.Shape() {
		n *= d
	}
	if n != t.DataLen() {
		return fmt.Errorf("%d bytes for a shape of %v", t.DataLen(), t.Shape())
	}
	_, err = out.Write(t.Data())
	return err
}

// readGGUF writes the bytes of a file's only tensor.
func readGGUF(name string, out *bufio.Writer) error {
	g, err := gguf.ParseGGUFFile(name)
	if err != nil {
		return err
	}
	if len(g.TensorInfos) != 1 {
		return fmt.Errorf("%d tensors, not 1", len(g.TensorInfos))
	}
	t := g.TensorInfos[0]
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(out, io.NewSectionReader(f, g.TensorDataStartOffset+int64(t.Offset), int64(t.Bytes())))
	if err == nil && n != int64(t.Bytes()) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
