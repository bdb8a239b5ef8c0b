package help

import (
	"embed"
	"fmt"
	"io"
)

// Shells are those that have a completion script.
var Shells = []string{"bash", "zsh", "fish"}

//go:embed complete.bash complete.zsh complete.fish
var scripts embed.FS

// Script returns the script that makes a shell complete command lines by calling
// the hidden command __complete, which has to call [Completer.Run]. It reports
// whether there is a script for that shell.
func Script(shell string) (string, bool) {
	script, err := scripts.ReadFile("complete." + shell)
	return string(script), err == nil
}

// Run is the command __complete, as the scripts call it. The arguments are, after
// what parses flags has taken away the first "--":
//
//	bash LINE BREAKS   see [Completer.CompleteLine]
//	zsh WORD...        see [Completer.Complete]
//	fish WORD...
func (c Completer) Run(args []string, w io.Writer) error {
	switch {
	case len(args) == 3 && args[0] == "bash":
		return c.CompleteLine(w, args[1], args[2])
	case len(args) > 0 && (args[0] == "zsh" || args[0] == "fish"):
		return c.Complete(w, args[1:])
	}
	return fmt.Errorf("__complete: unexpected arguments %.100q; it is called by the scripts of dgenfs completion", args)
}
