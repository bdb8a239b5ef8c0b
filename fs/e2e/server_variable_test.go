//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// DGENFS_SERVER once told the program to be a server. Whatever a user's environment
// has by that name, mount works as ever, or says that the variable is wrong; and what
// descriptor 3 happens to be is left alone.
func TestServerVariable(t *testing.T) {
	for _, value := range []string{"nonsense", "1", "background", "supervised", "automounted"} {
		t.Run(value, func(t *testing.T) {
			dir := t.TempDir()
			unmountAtEnd(t, dir)
			file := openFile(t, filepath.Join(t.TempDir(), "file"), os.O_RDWR|os.O_CREATE)
			if err := file.Chmod(0o600); err != nil {
				t.Fatal(err)
			}
			cmd := command(t, program, dir)
			cmd.Env = append(os.Environ(), "DGENFS_SERVER="+value)
			cmd.ExtraFiles = []*os.File{file}
			mounting := start(t, cmd)
			await(t, "the command ends, and does not serve by itself", func() bool {
				if !mounting.hasEnded() && slices.Equal(servers(dir), []int{mounting.pid}) && try(t, command(t, "cat", dir+"/1M")).status == 0 {
					t.Fatal("the command serves by itself")
				}
				return mounting.hasEnded()
			})
			text := mounting.stderr.String()
			switch status := mounting.status.ExitStatus(); {
			case status == 0 && text == "" && mounting.stdout.Len() == 0:
				same(t, "1M", []byte(output(t, "cat", dir+"/1M")), piece(t, generator(t, "1M", 0, "1M", 1), 0, 1<<20))
			case status == 2 && strings.Count(text, "\n") == 1 && strings.HasPrefix(text, "dgenfs: ") && strings.Contains(text, "DGENFS_SERVER"):
				if mounted(t, dir) {
					t.Error("mounted nevertheless")
				}
			default:
				t.Errorf("exit status %d, %q, %q", status, &mounting.stdout, text)
			}
			if written, err := os.ReadFile(file.Name()); len(written) != 0 || err != nil {
				t.Errorf("the file that was descriptor 3 has %q, %v", written, err)
			}
		})
	}
}
