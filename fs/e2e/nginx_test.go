//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A web server that sends files by sendfile(2).
func TestNginx(t *testing.T) {
	need(t, "nginx")
	mnt, dir := mount(t, copied...), t.TempDir()
	// It runs as the user who starts it, and writes nothing elsewhere. A socket's name
	// has to be short.
	run, err := os.MkdirTemp("", "ng")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	socket := run + "/s"
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events { worker_connections 64; }
http {
	client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	access_log off; sendfile on; tcp_nopush on; sendfile_max_chunk 1m;
	server { listen unix:%[2]s; root "%[3]s"; }
}
`, dir, socket, mnt)
	if err := os.WriteFile(dir+"/conf", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := spawn(t, "nginx", "-p", dir, "-c", dir+"/conf", "-e", "stderr")
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		DisableCompression: true,
	}}
	t.Cleanup(client.CloseIdleConnections)
	await(t, "nginx listens", func() bool {
		if nginx.hasEnded() {
			t.Fatalf("nginx has ended: %s", &nginx.stderr)
		}
		_, err := os.Stat(socket)
		return err == nil
	})
	get := func(path, ranges string) (*http.Response, []byte) {
		t.Helper()
		request, err := http.NewRequest("GET", "http://nginx/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if ranges != "" {
			request.Header.Set("Range", "bytes="+ranges)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Errorf("%s, %s: %v after %d bytes", path, ranges, err, len(body))
		}
		return response, body
	}
	const text = "20000003,dedup=2,compress=2"
	want := []byte(dgenfs(t, "cat", "--seed", "5", text).stdout)
	response, body := get(text, "")
	same(t, text, body, want)
	if got := response.Header.Get("Last-Modified"); !strings.HasPrefix(got, "Fri, 31 Dec 1999 ") {
		t.Errorf("last modified %s", got)
	}
	for _, r := range [][2]int{{0, 0}, {0, 4095}, {4095, 4097}, {1, 5000000}, {19999999, 20000002}, {20000002, 20000002}} {
		response, body := get(text, fmt.Sprintf("%d-%d", r[0], r[1]))
		if response.StatusCode != http.StatusPartialContent {
			t.Errorf("%d: status %d", r, response.StatusCode)
		}
		same(t, fmt.Sprint(r), body, want[r[0]:r[1]+1])
	}
	_, body = get(text, "-1000")
	same(t, "the last 1000", body, want[len(want)-1000:])
	if response, _ := get(text, "20000003-"); response.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("after the end: status %d", response.StatusCode)
	}
	_, body = get("7E", strconv.FormatInt(7<<60-5, 10)+"-")
	same(t, "the end of 7E", body, piece(t, generator(t, "7E", 5, "7E", 1), 7<<60-5, 5))
	same(t, "a/b/c/042", second(get("a/b/c/042", "")), piece(t, generator(t, "12345", 5, "a/b/c/042", 1), 0, 12345))
	for path, want := range map[string]int{"none": 404, "a/b/c/100": 404, "empty": 200, "one": 200} {
		if response, _ := get(path, ""); response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
	// The numbers grow from one to the next, and so may the text.
	for range 3 {
		response, body := get(".dgenfs/metrics", "")
		if response.StatusCode != 200 || int64(len(body)) != response.ContentLength || !strings.HasSuffix(string(body), "\n") || !strings.Contains(string(body), "\ndgenfs_read_bytes_total{") {
			t.Errorf("metrics: status %d, %d bytes of %d: %s", response.StatusCode, len(body), response.ContentLength, body)
		}
		get("50M", "")
	}
	unix.Kill(nginx.pid, unix.SIGTERM)
	nginx.wait(t)
	if strings.Contains(nginx.stderr.String(), "[alert]") || strings.Contains(nginx.stderr.String(), "[crit]") {
		t.Error(&nginx.stderr)
	}
}

func second(_ *http.Response, body []byte) []byte { return body }
