package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dgenfs/dgenfs/fs/bytesize"
)

// Keys returns the keys of a description other than format, in the order in which
// Append writes them.
func Keys() []string {
	return []string{"shape", "dtype", "nan", "record", "columns", "rows", "rowgroup", "members", "member"}
}

// MemberFormats are those that a file within a tar or zip file may have.
var MemberFormats = []string{"npy", "jpeg", "wav", "bmp", "safetensors"}

// Set sets the field of a key, format or one of Keys, to a value. Errors are of
// type *KeyError, or wrap those of package bytesize. What keys say together is
// checked by New.
func (d *Description) Set(key, value string) (err error) {
	switch key {
	case "format":
		_, err = find(value)
		d.Format = value
	case "shape":
		d.Shape, err = ParseShape(value)
	case "dtype":
		d.DType, err = ParseDType(value)
	case "nan":
		if value != "yes" && value != "no" {
			return &KeyError{Key: key, Value: value, Reason: "must be yes or no"}
		}
		d.NaN = value == "yes"
	case "record":
		if d.Record, err = bytesize.Parse(value); err != nil {
			return fmt.Errorf("record: %w", err)
		}
		if d.Record == 0 {
			return &KeyError{Key: key, Value: value, Reason: "a record has 1 byte or more"}
		}
	case "columns":
		var c []Column
		c, err = ParseColumns(value)
		d.Columns = formatColumns(c)
	case "rows":
		d.Rows, err = parseCount(key, value)
	case "rowgroup":
		d.RowGroup, err = parseCount(key, value)
	case "members":
		d.Members, err = parseCount(key, value)
	case "member":
		d.Member, err = ParseMember(value)
	default:
		return &KeyError{Key: "key", Value: key, Reason: "not one of a format; those are " + strings.Join(Keys(), ", ")}
	}
	return err
}

// Append appends the keys that d has, as ",key=value", to b. Set turns them back
// into equal fields.
func (d Description) Append(b []byte) []byte {
	if d.Format != "" {
		b = append(append(b, ",format="...), d.Format...)
	}
	for _, key := range d.given() {
		b = append(append(append(append(b, ','), key...), '='), d.value(key)...)
	}
	return b
}

// given returns the keys whose fields are not zero, in the order of Keys.
func (d *Description) given() (keys []string) {
	for _, key := range Keys() {
		if d.value(key) != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// value returns the value of a key, empty if it is not given.
func (d *Description) value(key string) string {
	count := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	switch key {
	case "shape":
		return d.Shape.String()
	case "dtype":
		if d.DType != Uint8 {
			return d.DType.String()
		}
	case "nan":
		if d.NaN {
			return "yes"
		}
	case "record":
		if d.Record != 0 {
			return bytesize.Format(d.Record)
		}
	case "columns":
		return d.Columns
	case "rows":
		return count(d.Rows)
	case "rowgroup":
		return count(d.RowGroup)
	case "members":
		return count(d.Members)
	case "member":
		return d.Member.String()
	}
	return ""
}

func parseCount(key, value string) (int64, error) {
	n, err := strconv.ParseUint(value, 10, 63)
	if err != nil || n == 0 {
		return 0, &KeyError{Key: key, Value: value, Reason: "must be a whole number of 1 or more"}
	}
	return int64(n), nil
}

// ParseMember reads a size and perhaps an extension: 100K, or 100K.jpg.
func ParseMember(s string) (m Member, err error) {
	size, extension, dotted := strings.Cut(s, ".")
	if dotted {
		var ok bool
		m.Format, ok = ByExtension("." + extension)
		if !ok || !slices.Contains(MemberFormats, m.Format) {
			return Member{}, &KeyError{Key: "member", Value: s, Reason: fmt.Sprintf("what is behind the size must be one of .%s", strings.Join(MemberFormats, " ."))}
		}
	}
	if m.Size, err = bytesize.Parse(size); err != nil {
		return Member{}, fmt.Errorf("member: %w", err)
	}
	if m.Size == 0 {
		return Member{}, &KeyError{Key: "member", Value: s, Reason: "a member has 1 byte or more"}
	}
	return m, nil
}

// String returns the form that ParseMember reads; empty if there is no member.
func (m Member) String() string {
	switch {
	case m.Size == 0:
		return ""
	case m.Format == "":
		return bytesize.Format(m.Size)
	}
	return bytesize.Format(m.Size) + "." + m.Format
}
