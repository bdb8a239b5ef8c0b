// Package daemon runs the program once more, as a server in the background, and
// has what such a server needs: a way to report that it is ready, a log, and the
// notifications of sd_notify(3).
//
// Whoever reads a mount must be another process than the one that serves it, so a
// command that mounts does not serve itself. It calls [Start], which runs the
// program with the arguments [Command], a [Mode], and those of the server. There,
// [Inherit] takes over the descriptors that both agreed on:
//
//	3  a pipe to which the server writes its messages, as JSON
//	4  Supervised: a pipe that ends when whoever started the server ends
//	   otherwise: /dev/fuse, if the starting process has it open already
package daemon

import "encoding/json"

// Command is the first argument of a server. It is not for people.
const Command = "__serve"

// Mode is the way in which a server lives.
type Mode string

const (
	// Background is a server that lives until it is signalled, or unmounted.
	Background Mode = "background"
	// Automounted is the same in the process group of the one that started it:
	// an automounter lets no other group through to its mount point.
	Automounted Mode = "automounted"
	// Supervised is a server that lives until the process that started it ends, or
	// calls [Process.End].
	Supervised Mode = "supervised"
)

const (
	statusFD   = 3
	lifelineFD = 4
	deviceFD   = 4
)

// Message is what a server reports to the process that started it: once when it
// is ready or has failed, and, if it is supervised, once more at its end.
type Message struct {
	Error  string  `json:"error,omitempty"`  // why it is not ready
	Usage  bool    `json:"usage,omitempty"`  // the error is in what the user asked for
	Status string  `json:"status,omitempty"` // what is served, in one line
	Seed   *uint64 `json:"seed,omitempty"`   // drawn by chance; nil if it was given
	Busy   bool    `json:"busy,omitempty"`   // the mount was in use at the end, and was detached

	Stats json.RawMessage `json:"stats,omitempty"` // what .dgenfs/stats had at the end
	Peak  float64         `json:"peak,omitempty"`  // bytes that were read and written in a second, at most; 0 if it was not that long
}

// RefusedError is a server's own report that it could not start.
type RefusedError struct {
	Reason string // one line
	Usage  bool   // it is in what the user asked for
}

func (e *RefusedError) Error() string { return e.Reason }
