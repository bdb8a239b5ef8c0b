package format

import (
	"encoding/binary"
	"math"
)

// What torch.save writes since 1.6: a stored zip file with a pickle and the bytes
// of each storage, aligned to 64.

const torchName = "archive/"

func planTorch(d Description) (*File, error) {
	if dtypeTable[d.DType].torch == "" {
		return nil, &KeyError{Key: "dtype", Value: d.DType.String(), Reason: "torch does not save such a type; use a signed one, uint8 or a float"}
	}
	return d.planZip(func(s Shape) *zipFile {
		z := &zipFile{align: 64}
		var pickle, order, storage, version pieces
		pickle.bytes(torchPickle(d.DType, s))
		order.bytes([]byte("little"))
		storage.data(0, s.Elements()*d.DType.Width())
		version.bytes([]byte("3\n"))
		z.add(torchName+"data.pkl", pickle)
		z.add(torchName+"byteorder", order)
		z.add(torchName+"data/0", storage)
		z.add(torchName+"version", version)
		return z
	})
}

// torchPickle returns the pickle, in protocol 2, of {"data": tensor}, the tensor
// being contiguous and its bytes those of storage 0.
func torchPickle(t DType, s Shape) []byte {
	var b []byte
	text := func(s string) { // BINUNICODE
		b = append(binary.LittleEndian.AppendUint32(append(b, 'X'), uint32(len(s))), s...)
	}
	number := func(n int64) {
		if n <= math.MaxInt32 { // BININT
			b = binary.LittleEndian.AppendUint32(append(b, 'J'), uint32(n))
			return
		}
		b = binary.LittleEndian.AppendUint64(append(b, 0x8a, 8), uint64(n)) // LONG1
	}
	tuple := func(numbers []int64) {
		b = append(b, '(')
		for _, n := range numbers {
			number(n)
		}
		b = append(b, 't')
	}
	dims := s.Dims()
	strides := make([]int64, len(dims))
	stride := int64(1)
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = stride
		stride *= dims[i]
	}
	b = append(b, 0x80, 2, '}') // PROTO, EMPTY_DICT
	text("data")
	b = append(b, "ctorch._utils\n_rebuild_tensor_v2\n(("...)
	text("storage")
	b = append(b, "ctorch\n"+dtypeTable[t].torch+"\n"...)
	text("0")
	text("cpu")
	number(s.Elements())
	b = append(b, 't', 'Q') // TUPLE, BINPERSID
	number(0)               // offset in the storage
	tuple(dims)
	tuple(strides)
	b = append(b, 0x89)                             // NEWFALSE: requires no gradient
	b = append(b, "ccollections\nOrderedDict\n"...) // of hooks
	return append(b, ')', 'R', 't', 'R', 's', '.')
}
