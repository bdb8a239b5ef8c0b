// Package exit has the exit statuses of the program. Scripts depend on them: what
// a number means does not change.
package exit

// Statuses of all commands.
const (
	Done   = 0 // the work was done
	Failed = 1 // the work failed
	Usage  = 2 // the command line was wrong; nothing was done
)

// Unread is a status of dgenfs verify: something could not be read, and nothing differs in
// the rest.
const Unread = 3

// Statuses of dgenfs run, beside those of the command that it runs. Shells have
// the same ones.
const (
	CannotRun = 126 // the command was found, but could not be run
	NotFound  = 127 // the command was not found
	Signal    = 128 // plus the number of the signal that ended the command
)

// Statuses as a helper of mount(8), which documents them.
const (
	MountUsage  = 1  // wrong invocation, or no permission
	MountSystem = 2  // out of memory, or of processes
	MountFailed = 32 // not mounted
)
