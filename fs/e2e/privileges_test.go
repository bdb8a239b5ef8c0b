//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A server of root keeps only the capabilities that it needs, on all of its threads, and
// cannot gain others; .dgenfs/config says which. It works with them: the mount is
// unmounted when the test ends.
func TestPrivileges(t *testing.T) {
	needRoot(t)
	needed := uint64(1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SYS_RESOURCE | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH)
	dir := mount(t, "--size", "1M")
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", theServer(t, dir)))
	if err != nil || len(tasks) < 2 {
		t.Fatalf("threads of the server: %q, %v", tasks, err)
	}
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		field := func(name string) string {
			_, rest, _ := strings.Cut(string(status), "\n"+name+":\t")
			value, _, _ := strings.Cut(rest, "\n")
			return value
		}
		for _, set := range []string{"CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"} {
			if caps, err := strconv.ParseUint(field(set), 16, 64); err != nil || caps&^needed != 0 {
				t.Errorf("%s: %s is %s, %v", task, set, field(set), err)
			}
		}
		if field("NoNewPrivs") != "1" {
			t.Errorf("%s: NoNewPrivs is %q", task, field("NoNewPrivs"))
		}
	}
	text := controlConfig(t, dir)
	if !strings.Contains(text, "\nprivileges: user 0; cap_sys_admin") || !strings.Contains(text, "; no_new_privs\n") {
		t.Errorf("config does not say so:\n%s", text)
	}
}
