package measure

import (
	"compress/flate"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// codecBlocks are the sizes of blocks that all codecs are measured with, in bytes.
var codecBlocks = [...]int64{4 << 10, 32 << 10, 128 << 10, 1 << 20}

var codecNames = [...]string{"huffman", "lz4", "snappy", "deflate -1", "deflate -6", "zstd -1", "zstd -3"}

const deflateSix = 4 // of codecNames

// codecs compress blocks, for one worker.
type codecs struct {
	count    countingWriter
	huffman  *flate.Writer
	fast     *flate.Writer
	deflate  *flate.Writer
	lz4      lz4.Compressor
	zstdFast *zstd.Encoder
	zstd     *zstd.Encoder
	out      []byte
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

func newCodecs() *codecs {
	c := &codecs{out: make([]byte, 2*chunkSize)}
	// These fail for unknown options only.
	c.huffman, _ = flate.NewWriter(&c.count, flate.HuffmanOnly)
	c.fast, _ = flate.NewWriter(&c.count, 1)
	c.deflate, _ = flate.NewWriter(&c.count, 6)
	one := []zstd.EOption{zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(chunkSize), zstd.WithAllLitEntropyCompression(true)}
	c.zstdFast, _ = zstd.NewWriter(nil, append(one, zstd.WithEncoderLevel(zstd.SpeedFastest))...)
	c.zstd, _ = zstd.NewWriter(nil, append(one, zstd.WithEncoderLevel(zstd.SpeedDefault))...)
	return c
}

// size returns how many bytes codec i of codecNames leaves of a block, at most the block.
func (c *codecs) size(i int, block []byte) int64 {
	n := len(block)
	switch codecNames[i] {
	case "huffman":
		n = c.flate(c.huffman, block)
	case "lz4":
		// 0 is a block that does not shrink; no error as there is room enough.
		if got, _ := c.lz4.CompressBlock(block, c.out); got > 0 {
			n = got
		}
	case "snappy":
		n = len(s2.EncodeSnappy(c.out, block))
	case "deflate -1":
		n = c.flate(c.fast, block)
	case "deflate -6":
		n = c.flate(c.deflate, block)
	case "zstd -1":
		n = len(c.zstdFast.EncodeAll(block, c.out[:0]))
	case "zstd -3":
		n = len(c.zstd.EncodeAll(block, c.out[:0]))
	}
	return int64(min(n, len(block)))
}

func (c *codecs) flate(w *flate.Writer, block []byte) int {
	c.count = 0
	w.Reset(&c.count)
	w.Write(block) // to memory: never fails
	w.Close()
	return int(c.count)
}

// Codec is about what a codec makes of blocks of one size, each compressed alone, and none
// stored larger than it is. It has no ratios without a block.
type Codec struct {
	Codec     string     `json:"codec"`
	Block     int64      `json:"block"`           // bytes
	Ratio     float64    `json:"ratio,omitempty"` // bytes in/bytes out
	Quantiles *Quantiles `json:"quantiles,omitempty"`
	Sampled   int64      `json:"sampled"` // bytes that this was measured on
}

// Quantiles of single blocks' ratios.
type Quantiles struct {
	P5  float64 `json:"p5"`
	P25 float64 `json:"p25"`
	P50 float64 `json:"p50"`
	P75 float64 `json:"p75"`
	P95 float64 `json:"p95"`
}

// packed are the sizes that a codec left of blocks.
type packed [len(codecBlocks)][len(codecNames)][]int32

func (p *packed) add(q *packed) {
	for b := range p {
		for c := range p[b] {
			p[b][c] = append(p[b][c], q[b][c]...)
		}
	}
}

// rows sums up.
func (p *packed) rows() []Codec {
	var rows []Codec
	for c, name := range codecNames {
		for b, block := range codecBlocks {
			sizes := slices.Sorted(slices.Values(p[b][c]))
			row := Codec{Codec: name, Block: block, Sampled: int64(len(sizes)) * block}
			if len(sizes) > 0 {
				var sum int64
				for _, n := range sizes {
					sum += int64(n)
				}
				row.Ratio = float64(row.Sampled) / float64(sum)
				at := func(percent int) float64 { // the ratio below which so many are
					return float64(block) / float64(sizes[(len(sizes)-1)*(100-percent)/100])
				}
				row.Quantiles = &Quantiles{at(5), at(25), at(50), at(75), at(95)}
			}
			rows = append(rows, row)
		}
	}
	return rows
}
