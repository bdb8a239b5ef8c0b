package format

import "fmt"

// SizeError says that a format has no file of a size.
type SizeError struct {
	What         string // what was described: "npy of float32"
	Size         int64
	Below, Above int64 // the nearest sizes that there are; 0 if there is none below, or above
}

func (e *SizeError) Error() string {
	switch {
	case e.Below == 0 && e.Above == 0:
		return fmt.Sprintf("size %d: %s has no files of any size", e.Size, e.What)
	case e.Below == 0:
		return fmt.Sprintf("size %d: the smallest %s has %d bytes", e.Size, e.What, e.Above)
	case e.Above == 0:
		return fmt.Sprintf("size %d: the largest %s has %d bytes", e.Size, e.What, e.Below)
	case e.Below == e.Above:
		return fmt.Sprintf("size %d: %s has %d bytes", e.Size, e.What, e.Above)
	}
	return fmt.Sprintf("size %d: not possible for %s; the nearest are %d and %d", e.Size, e.What, e.Below, e.Above)
}

// KeyError says that a key is wrong, or that a format does not have it.
type KeyError struct {
	Key, Value string
	Reason     string // what is wrong, and what would be right
}

func (e *KeyError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: %s", e.Key, e.Reason)
	}
	return fmt.Sprintf("%s %.80q: %s", e.Key, e.Value, e.Reason)
}
