package format

import (
	"encoding/binary"
	"math"
)

// WAV: RIFF with PCM of 16 bits, two channels, 48 kHz. What is less than a sample is
// in a chunk that readers skip.

const (
	wavHeader = 44
	wavSample = 4
	wavChunk  = 8
)

func planWAV(d Description) (*File, error) {
	const least, most = wavHeader + wavSample, math.MaxUint32 - 1
	size := d.Size
	rest := max(0, size-wavHeader) % wavSample
	if rest == 2 {
		rest += wavChunk // takes two samples' place
	}
	switch {
	case size == Any:
		return nil, anySize("a wav")
	case size < least:
		return nil, &SizeError{What: "wav", Size: size, Above: least}
	case size > most:
		return nil, &SizeError{What: "wav", Size: size, Below: most}
	case size%2 != 0:
		e := &SizeError{What: "wav", Size: size, Below: size - 1, Above: size + 1}
		for e.Below < least+wavChunk+2 && e.Below%wavSample != 0 {
			e.Below -= 2
		}
		for e.Above < least+wavChunk+2 && e.Above%wavSample != 0 {
			e.Above += 2
		}
		return nil, e
	case size-wavHeader-rest < wavSample:
		return nil, &SizeError{What: "wav", Size: size, Below: size - 2, Above: size + 2}
	}
	payload := size - wavHeader - rest
	return &File{size: size, payload: payload, layout: func() layout {
		le := binary.LittleEndian
		var l pieces
		b := append([]byte("RIFF"), 0, 0, 0, 0)
		le.PutUint32(b[4:], uint32(size-wavChunk))
		b = append(b, "WAVEfmt "...)
		b = le.AppendUint32(b, 16)
		b = le.AppendUint16(b, 1) // PCM
		b = le.AppendUint16(b, 2)
		b = le.AppendUint32(b, 48000)
		b = le.AppendUint32(b, 48000*wavSample)
		b = le.AppendUint16(b, wavSample)
		b = le.AppendUint16(b, 16)
		b = append(b, "data"...)
		l.bytes(le.AppendUint32(b, uint32(payload)))
		l.data(0, payload)
		if rest > 0 {
			l.bytes(le.AppendUint32([]byte("JUNK"), uint32(rest-wavChunk)))
			l.zeros(rest - wavChunk)
		}
		return l
	}}, nil
}
