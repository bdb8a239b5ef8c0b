package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dgenfs/dgenfs/fs"
	"golang.org/x/sys/unix"
)

// Where mounting is not possible, the error says how to make it so.
func TestMountHint(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: %w", fs.ErrNoDevice, unix.ENOENT), "modprobe fuse"},
		{fmt.Errorf("%w: %w", fs.ErrNoDevice, unix.EPERM), "--device /dev/fuse"},
		{fmt.Errorf("%w: %w", fs.ErrNoDevice, unix.EACCES), "permission"},
		{fs.ErrAllowOther, "leave --allow-other out"},
		{errors.New("anything else"), ""},
	} {
		if got := mountHint(test.err); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%v: %q, want %q in it", test.err, got, test.want)
		}
	}
	if got := mountHint(os.NewSyscallError("mount", unix.EPERM)); strings.Contains(got, "CAP_SYS_ADMIN") != (os.Geteuid() == 0) {
		t.Errorf("mount: %q", got)
	}
}
