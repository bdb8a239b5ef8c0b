package daemon

import (
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// notifySocket is the variable that names the socket on which the service manager
// wants to be notified, see sd_notify(3).
const notifySocket = "NOTIFY_SOCKET"

// Managed reports whether there is a service manager to notify.
func Managed() bool { return os.Getenv(notifySocket) != "" }

// Notify sends assignments such as READY=1 to the service manager, if there is
// one. Nothing depends on whether they arrive.
func Notify(state ...string) {
	path := os.Getenv(notifySocket)
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "@") {
		return // none, or a kind that neither containers nor services have
	}
	// net, too, takes a name that begins with @ for an abstract one.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	// A manager that does not read must not hold up those who wait for the mount.
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	var lines strings.Builder
	for _, s := range state {
		lines.WriteString(strings.ReplaceAll(s, "\n", `\n`) + "\n")
	}
	conn.Write([]byte(lines.String()))
}

// Monotonic returns the time of CLOCK_MONOTONIC, by which systemd tells the reload
// that it asked for from earlier ones.
func Monotonic() time.Duration {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // never fails
	return time.Duration(now.Nano())
}
