package cli

import (
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// notifySocket is the variable that names the socket on which whoever supervises
// this process wants to hear of it: sd_notify(3) describes both.
const notifySocket = "NOTIFY_SOCKET"

// notify tells the supervisor, if there is one, what has become so: READY=1.
// Nothing depends on whether it is heard.
func notify(state ...string) {
	path := os.Getenv(notifySocket)
	if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "@") {
		return // none, or one of a kind that containers and services do not have
	}
	// For net, too, a name that begins with @ is one of no file.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	// A supervisor that does not read must not hold up who waits for the mount.
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	var lines strings.Builder
	for _, s := range state {
		lines.WriteString(strings.ReplaceAll(s, "\n", `\n`) + "\n")
	}
	conn.Write([]byte(lines.String()))
}

// monotonic is the time of CLOCK_MONOTONIC, by which systemd tells the reload
// that it has asked for from an earlier one.
func monotonic() time.Duration {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // never fails
	return time.Duration(now.Nano())
}
