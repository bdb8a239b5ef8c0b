package sum

import (
	"crypto/md5"
	"errors"
	"fmt"
	"hash"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// maxEtagParts is how many parts S3 allows; see "Amazon S3 multipart upload limits" in its
// user guide.
const maxEtagParts = 10_000

// Etag returns the algorithm of what S3 has as the ETag of an object, if it does not
// encrypt it by keys of its own or of a customer. A file smaller than from bytes is
// uploaded at once: MD5. Any other is uploaded in parts of a size: the MD5 of the MD5s of
// the parts, a dash, and their number, which may be one.
func Etag(part, from int64) Algorithm {
	return Algorithm{Name: "etag", tag: "ETag", new: md5.New, parts: func(size int64) (joiner, int64, error) {
		if size < from {
			return nil, 0, nil
		}
		n := max(1, (size-1)/part+1)
		if n > maxEtagParts {
			return nil, 0, fmt.Errorf("has %d parts of %s, and S3 allows %d", n, bytesize.Format(part), maxEtagParts)
		}
		return &etag{md5: md5.New()}, part, nil
	}}
}

// etag is that of an upload in parts.
type etag struct {
	md5   hash.Hash // of the MD5s
	parts int
}

func (e *etag) part(int64) hash.Hash { return md5.New() }

func (e *etag) join(part hash.Hash, _ int64) {
	e.md5.Write(part.Sum(nil))
	e.parts++
}

// sum returns the checksum, and the number of parts behind it as text.
func (e *etag) sum() []byte { return fmt.Append(e.md5.Sum(nil), e.parts) }

// ParsePart reads the size of a part of an upload.
func ParsePart(s string) (int64, error) {
	n, err := bytesize.Parse(s)
	if err == nil && n == 0 {
		err = errors.New("a part has 1 byte or more, and 5M or more for S3")
	}
	return n, err
}
