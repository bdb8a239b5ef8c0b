package sum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/crc64nvme"
	"github.com/zeebo/xxh3"
)

// Algorithm is a way to compute a checksum.
type Algorithm struct {
	Name string // as --algo has it, and hashdeep
	tag  string // what it is called before a name in parentheses

	new func() hash.Hash

	// parts returns what joins the checksums of parts of a file of a size, and how long
	// these are, in bytes. It is nil, or returns nil, if a file has to be hashed in order.
	parts func(size int64) (j joiner, part int64, err error)
}

// joiner computes the checksum of a file from those of its parts. Its methods are not
// called concurrently, but for part.
type joiner interface {
	part(off int64) hash.Hash        // that hashes the part at an offset
	join(part hash.Hash, size int64) // adds the next part
	sum() []byte
}

// reflected polynomials, as the packages that compute the checksums have them.
const (
	polyIEEE       = crc32.IEEE
	polyCastagnoli = crc32.Castagnoli
	polyNVMe       = 0x9a6c9329ac4bc9b5 // NVM Express, NVM Command Set Specification 1.0d, section 5.2.1.3.4
)

// Algorithms are all that there are.
var Algorithms = []Algorithm{
	{Name: "sha256", tag: "SHA256", new: sha256.New},
	{Name: "sha1", tag: "SHA1", new: sha1.New},
	{Name: "sha512", tag: "SHA512", new: sha512.New},
	{Name: "md5", tag: "MD5", new: md5.New},
	{Name: "blake3", tag: "BLAKE3", new: func() hash.Hash { return newBlake3(0) }, parts: blake3Parts},
	{Name: "xxh3", tag: "XXH3", new: func() hash.Hash { return xxh3.New() }},
	{Name: "xxh64", tag: "XXH64", new: func() hash.Hash { return xxhash.New() }},
	crcOf("crc32", "CRC32", 32, polyIEEE, func() hash.Hash { return crc32.NewIEEE() }),
	crcOf("crc32c", "CRC32C", 32, polyCastagnoli, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }),
	crcOf("crc64nvme", "CRC64NVME", 64, polyNVMe, func() hash.Hash { return crc64nvme.New() }),
}

// Find returns the algorithm of a name.
func Find(name string) (Algorithm, error) {
	for _, a := range Algorithms {
		if a.Name == name {
			return a, nil
		}
	}
	return Algorithm{}, fmt.Errorf("there is no algorithm %q", name)
}

// crcOf returns the algorithm of a cyclic redundancy check.
func crcOf(name, tag string, width int, poly uint64, new func() hash.Hash) Algorithm {
	return Algorithm{Name: name, tag: tag, new: new, parts: func(int64) (joiner, int64, error) {
		return &crc{width: width, poly: poly, new: new}, partSize, nil
	}}
}
