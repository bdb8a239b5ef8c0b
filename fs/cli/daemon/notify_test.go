package daemon

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "socket"), "@dgenfs-test-" + filepath.Base(t.TempDir()) + t.Name()} {
		socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		t.Setenv(notifySocket, path)
		Notify("READY=1", "STATUS=one\ntwo")
		buf := make([]byte, 1000)
		socket.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := socket.Read(buf)
		if want := "READY=1\nSTATUS=one\\ntwo\n"; err != nil || string(buf[:n]) != want {
			t.Errorf("%s: %q, %v; want %q", path, buf[:n], err, want)
		}
	}
	// Nobody listens, which is nobody's problem.
	for _, path := range []string{"", "relative", "/nowhere/socket", "@nobody-listens", "vsock:2:1", t.TempDir()} {
		t.Setenv(notifySocket, path)
		Notify("READY=1")
	}
}
