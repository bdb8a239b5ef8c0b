//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Other file systems and devices of the kernel, and servers, on top of a mount.

// A mount below an overlay: the usual way to make generated data writable.
func TestOverlay(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount an overlay")
	}
	mnt := mount(t, copied...)
	// A tmpfs, as an overlay's own layers cannot be on another overlay, which a
	// container's files are.
	base := t.TempDir()
	if err := unix.Mount("tmpfs", base, "tmpfs", 0, "size=256M"); err != nil {
		t.Skipf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(base, unix.MNT_DETACH) })
	upper, work, merged := base+"/upper", base+"/work", base+"/merged"
	for _, dir := range []string{upper, work, merged} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount("overlay", merged, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", mnt, upper, work)); err == unix.ENODEV || err == unix.EPERM {
		t.Skipf("mounting an overlay: %v", err)
	} else if err != nil {
		t.Fatalf("mounting an overlay: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(merged, 0); err != nil {
			t.Errorf("unmounting the overlay: %v", err)
			unix.Unmount(merged, unix.MNT_DETACH)
		}
	})

	output(t, "diff", "-r", mnt, merged)
	same(t, "a file without copying", []byte(output(t, "dd", "if="+merged+"/big", "bs=1M", "status=none")), piece(t, generator(t, "50M,compress=2,dedup=3", 5, "big", 1), 0, 50<<20))
	if got := names(t, upper); len(got) != 0 {
		t.Errorf("reading has copied %q", got)
	}
	// A write copies the whole file first.
	const inside = 12345 - 3
	f := openFile(t, merged+"/a/b/c/007", os.O_RDWR)
	if _, err := f.WriteAt([]byte("new"), inside-2); err != nil {
		t.Fatal(err)
	}
	f.Close()
	want := piece(t, generator(t, "12345", 5, "a/b/c/007", 1), 0, 12345)
	copy(want[inside-2:], "new")
	for _, path := range []string{merged, upper} {
		data, err := os.ReadFile(path + "/a/b/c/007")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "a file written to in "+path, data, want)
	}
	// Appending, making, replacing, renaming, removing.
	output(t, "bash", "-e", "-c", `cd "$0"
		echo more >>one
		echo own >own; mkdir a/own
		chmod 600 a/b/c/001
		mv a/b/c/002 renamed
		rm a/0.bin; rm -r a/b/c/09*
		truncate -s 5 a/1.bin`, merged)
	if info, err := os.Stat(merged + "/one"); err != nil || info.Size() != 6 {
		t.Errorf("a file appended to: %v, %v", info, err)
	}
	same(t, "a file renamed", []byte(output(t, "cat", merged+"/renamed")), piece(t, generator(t, "12345", 5, "a/b/c/002", 1), 0, 12345))
	same(t, "a file cut short", []byte(output(t, "cat", merged+"/a/1.bin")), piece(t, generator(t, "1000003,dedup=2", 5, "a/1.bin", 1), 0, 5))
	if got, want := names(t, merged), []string{"a", "big", "empty", "one", "own", "renamed"}; !slices.Equal(got, want) {
		t.Errorf("the overlay lists %q, want %q", got, want)
	}
	if got, want := names(t, merged+"/a"), []string{"1.bin", "2.bin", "3.bin", "4.bin", "b", "own"}; !slices.Equal(got, want) {
		t.Errorf("the overlay lists %q, want %q", got, want)
	}
	if got := len(names(t, merged+"/a/b/c")); got != 100-10-1 {
		t.Errorf("the overlay lists %d files, want 89", got)
	}
	// A removed file is a device 0,0 above the one that stays below.
	var st unix.Stat_t
	if err := unix.Lstat(upper+"/a/0.bin", &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != 0 {
		t.Errorf("a removed file: %v, %+v", err, st)
	}
	if _, err := os.Stat(mnt + "/a/0.bin"); err != nil {
		t.Error(err)
	}
	// Names that are specs exist here as well.
	if got := output(t, "bash", "-c", `wc -c <"$0"/3M,compress=2`, merged); got != "3145728\n" {
		t.Errorf("a spec: %s bytes", got)
	}
}

// A block device over a file of a mount.
func TestLoopDevice(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can set up a loop device")
	}
	need(t, "losetup", "blockdev")
	mnt := mount(t)
	for _, test := range []struct{ spec, direct string }{
		{"32M,dedup=2,compress=2", "off"}, {"32M,dedup=2,compress=2", "on"},
		{"1000003", "off"}, // of which a device has whole sectors
		{"4T", "on"},
	} {
		t.Run(test.spec+" direct-io="+test.direct, func(t *testing.T) {
			r := try(t, command(t, "losetup", "--read-only", "--find", "--show", "--direct-io="+test.direct, filepath.Join(mnt, test.spec)))
			if r.status != 0 {
				if _, err := os.Stat("/dev/loop-control"); err != nil || strings.Contains(r.stderr, "cannot find an unused loop device") || strings.Contains(r.stderr, "ermission denied") {
					t.Skipf("no loop device to be had: %s", r.stderr)
				}
				t.Fatalf("losetup: exit status %d, %s", r.status, r.stderr)
			}
			device := strings.TrimSpace(r.stdout)
			t.Cleanup(func() {
				output(t, "losetup", "--detach", device)
				// Which takes until whoever else looks at new devices has closed it.
				await(t, 10*time.Second, "the device lets go of the file", func() bool {
					_, err := os.Stat("/sys/block/" + filepath.Base(device) + "/loop")
					return err != nil
				})
			})
			if got := strings.TrimSpace(output(t, "losetup", "--noheadings", "--output", "DIO", device)); (got == "1") != (test.direct == "on") {
				t.Errorf("direct I/O is %s, want %s", got, test.direct)
			}
			g := generator(t, test.spec, 0, test.spec, 1)
			size := g.Size() &^ 511
			if got := output(t, "blockdev", "--getsize64", device); got != fmt.Sprintln(size) {
				t.Errorf("a device of %s bytes, want %d", got, size)
			}
			for _, how := range []string{"bs=1M", "bs=1M iflag=direct", "bs=4k"} {
				n := min(size, 32<<20)
				if how == "bs=4k" {
					n = min(n, 4<<20)
				}
				args := append([]string{"if=" + device, "status=none", "iflag=count_bytes", fmt.Sprintf("count=%d", n)}, strings.Fields(how)...)
				same(t, how, []byte(output(t, "dd", args...)), piece(t, g, 0, int(n)))
			}
			f := openFile(t, device, os.O_RDONLY)
			buf := make([]byte, 100000)
			if _, err := f.ReadAt(buf, size-int64(len(buf))); err != nil {
				t.Error(err)
			}
			same(t, "the end", buf, piece(t, g, size-int64(len(buf)), len(buf)))
			if _, err := unix.Pwrite(int(openFile(t, device, os.O_RDWR).Fd()), buf[:512], 0); err != unix.EPERM {
				t.Errorf("writing to the device: %v", err)
			}
		})
	}
}

// A web server that passes files on by sendfile(2).
func TestNginx(t *testing.T) {
	need(t, "nginx")
	mnt, dir := mount(t, copied...), t.TempDir()
	// Who starts it and not another user reads, and nothing is written elsewhere.
	// A socket's name has to be short.
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
	await(t, 10*time.Second, "nginx listens", func() bool {
		select {
		case <-nginx.ended:
			t.Fatalf("nginx has ended: %s", &nginx.stderr)
		default:
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
	if got := response.Header.Get("Last-Modified"); got != "Sat, 01 Jan 2000 00:00:00 GMT" {
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
		t.Errorf("behind the end: status %d", response.StatusCode)
	}
	_, body = get("7E", strconv.FormatInt(7<<60-5, 10)+"-")
	same(t, "the end of 7E", body, piece(t, generator(t, "7E", 5, "7E", 1), 7<<60-5, 5))
	same(t, "a/b/c/042", second(get("a/b/c/042", "")), piece(t, generator(t, "12345", 5, "a/b/c/042", 1), 0, 12345))
	for path, want := range map[string]int{"none": 404, "a/b/c/100": 404, "empty": 200, "one": 200} {
		if response, _ := get(path, ""); response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
	// The numbers have grown between the two, and so has the text, maybe.
	for range 3 {
		response, body := get(".dgenfs/metrics", "")
		if response.StatusCode != 200 || int64(len(body)) != response.ContentLength || !strings.HasSuffix(string(body), "\n") || !strings.Contains(string(body), "\ndgenfs_read_bytes_total{") {
			t.Errorf("metrics: status %d, %d bytes of %d: %s", response.StatusCode, len(body), response.ContentLength, body)
		}
		get("50M", "")
	}
	unix.Kill(nginx.pid, unix.SIGTERM)
	nginx.wait(t, 10*time.Second)
	if strings.Contains(nginx.stderr.String(), "[alert]") || strings.Contains(nginx.stderr.String(), "[crit]") {
		t.Error(&nginx.stderr)
	}
}

func second(_ *http.Response, body []byte) []byte { return body }
