//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shown returns what find lists below a folder: the path, and the kind, size, mode,
// time and inode, of each file, and of each folder. find starts with the words in
// front of it.
func shown(t *testing.T, dir string, before ...string) (files, folders map[string]string) {
	t.Helper()
	args := append(before, "find", dir, "-mindepth", "1", "-printf", `%P\t%y %s %m %T@ %i\n`)
	files, folders = map[string]string{}, map[string]string{}
	for line := range strings.Lines(output(t, args[0], args[1:]...)) {
		path, about, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(about, "d ") {
			folders[path] = about
		} else {
			files[path] = about
		}
	}
	return files, folders
}

// bytesOf adds up the sizes of files that shown has returned.
func bytesOf(t *testing.T, files map[string]string) (sum int64) {
	t.Helper()
	for path, about := range files {
		size, err := strconv.ParseInt(strings.Fields(about)[1], 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		sum += size
	}
	return sum
}

// sums returns the checksum of each file below a folder, but of those that have
// more than 1 MiB.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	text := output(t, "bash", "-o", "pipefail", "-c", `cd "$0" && find . -type f -size -1025k -printf '%P\0' | xargs -0r sha256sum`, dir)
	for line := range strings.Lines(text) {
		sum, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		found[path] = sum
	}
	return found
}

// foldersOf returns the folders that the files need.
func foldersOf(files map[string]string) map[string]bool {
	need := map[string]bool{}
	for path := range files {
		for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
			need[dir] = true
		}
	}
	return need
}

// The parts of a mount have the files of the whole, each file is in one of them,
// and it is the same there.
func TestShards(t *testing.T) {
	const count = 3
	for _, test := range []struct {
		name string
		args []string
	}{
		{"preset", []string{"--seed", "4", "--preset", "home", "--count", "2000"}},
		{"generation of a preset", []string{"--seed", "4", "--preset", "home", "--count", "2000", "--generation", "2", "--change", "5%", "--grow", "10%", "--delete", "10%"}},
		{"ranges", []string{"--file", "a/{0..9}/{00..19}.bin:30011,dedup=2", "--file", "b{0..4}/only:1M", "--file", "c/d/e:7", "--file", "empty-{0..3}:0"}},
		{"more parts than files", []string{"--file", "a/b/one:1M", "--file", "two:100"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			whole := mount(t, test.args...)
			files, folders := shown(t, whole)
			contents := sums(t, whole)
			const name = "1000003,dedup=2"
			spec, bytes := ask(t, filepath.Join(whole, name)), sha(t, filepath.Join(whole, name))
			allFiles, allFolders, allSums := map[string]string{}, map[string]string{}, map[string]string{}
			together := t.TempDir()
			for i := range count {
				part := mount(t, append(slices.Clone(test.args), "--shard", fmt.Sprintf("%d/%d", i+1, count))...)
				some, dirs := shown(t, part)
				for path := range some {
					if _, twice := allFiles[path]; twice {
						t.Errorf("part %d: %s is in an earlier one, too", i+1, path)
					}
				}
				if n := len(some); (n < len(files)/count || n > len(files)/count+1) && !slices.Contains(test.args, "--generation") {
					t.Errorf("part %d has %d of %d files", i+1, n, len(files))
				}
				need := foldersOf(some)
				for dir := range dirs {
					// What has lost its last file to a generation stays.
					if !need[dir] && !slices.Contains(test.args, "--generation") {
						t.Errorf("part %d: the folder %s has no file", i+1, dir)
					}
				}
				for dir := range need {
					if _, ok := dirs[dir]; !ok {
						t.Errorf("part %d: the folder %s is not listed", i+1, dir)
					}
				}
				for path := range files {
					_, err := os.Lstat(filepath.Join(part, path))
					if _, ours := some[path]; ours && err != nil || !ours && !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("part %d: %s, which it lists: %v, is found: %v", i+1, path, ours, err)
					}
				}
				for dir := range folders {
					_, err := os.Lstat(filepath.Join(part, dir))
					if _, ours := dirs[dir]; ours != (err == nil) {
						t.Errorf("part %d: folder %s, which it lists: %v, is found: %v", i+1, dir, ours, err)
					}
				}
				maps.Copy(allFiles, some)
				maps.Copy(allFolders, dirs)
				maps.Copy(allSums, sums(t, part))
				// A spec in the root is no file of any part.
				if got := ask(t, filepath.Join(part, name)); got != spec || sha(t, filepath.Join(part, name)) != bytes {
					t.Errorf("part %d: %s is %+v, want %+v, or has other bytes", i+1, name, got, spec)
				}
				if !slices.Contains(test.args, "--preset") { // whose videos take long to copy
					output(t, "cp", "-r", part+"/.", together)
					output(t, "chmod", "-R", "u+w", together)
				}
			}
			if !maps.Equal(allFiles, files) || !maps.Equal(allFolders, folders) || !maps.Equal(allSums, contents) {
				t.Errorf("the parts have %d files, %d folders and %d checksums, the whole %d, %d and %d, or they differ",
					len(allFiles), len(allFolders), len(allSums), len(files), len(folders), len(contents))
			}
			if !slices.Contains(test.args, "--preset") {
				output(t, "diff", "-r", whole, together)
			}
		})
	}
}

// The sizes in the root are listed in one part each, but there in all of them, and
// the same but for their inode numbers.
func TestShardsOfSpecs(t *testing.T) {
	whole, parts := mount(t), []string{mount(t, "--shard", "1/2"), mount(t, "--shard", "2/2")}
	want, _ := shown(t, whole)
	got := map[string]string{}
	for _, part := range parts {
		some, _ := shown(t, part)
		maps.Copy(got, some)
		if len(some) == 0 || len(some) == len(want) {
			t.Errorf("a part lists %d of %d names", len(some), len(want))
		}
		for name := range want {
			a, b := ask(t, filepath.Join(whole, name)), ask(t, filepath.Join(part, name))
			if _, ours := some[name]; !ours {
				a.ino = b.ino // which tells an entry from a name that is only asked for
			}
			if a != b {
				t.Errorf("%s: %+v in a part, %+v in the whole", name, b, a)
			}
			if name == "16M" && sha(t, filepath.Join(whole, name)) != sha(t, filepath.Join(part, name)) {
				t.Errorf("%s has other bytes in a part", name)
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the parts list %q, want %q", got, want)
	}
}

// host is a network namespace with an address, and fio as a server in it, which
// reads a mount that only it sees.
type host struct {
	namespace, address string
	fio                *spawned
}

// inside returns the words that start a command where the mount of the host is.
func (h *host) inside() []string {
	return []string{"nsenter", "--target", strconv.Itoa(h.fio.pid), "--mount"}
}

// pids returns the processes on the host.
func (h *host) pids(t *testing.T) (pids []int) {
	t.Helper()
	for field := range strings.FieldsSeq(output(t, "ip", "netns", "pids", h.namespace)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// newHosts returns two hosts with a cable between them.
func newHosts(t *testing.T) (hosts [2]*host) {
	t.Helper()
	for i := range hosts {
		h := &host{namespace: fmt.Sprintf("dgenfs-test-%d-%d", os.Getpid(), i+1), address: fmt.Sprintf("192.0.2.%d", i+1)}
		if r := try(t, command(t, "ip", "netns", "add", h.namespace)); r.status != 0 {
			t.Skipf("no network namespaces here: %s", r.stderr)
		}
		t.Cleanup(func() { output(t, "ip", "netns", "delete", h.namespace) })
		hosts[i] = h
	}
	if r := try(t, command(t, "ip", "link", "add", "veth0", "netns", hosts[0].namespace, "type", "veth", "peer", "name", "veth0", "netns", hosts[1].namespace)); r.status != 0 {
		t.Skipf("no pairs of network devices here: %s", r.stderr)
	}
	for _, h := range hosts {
		output(t, "ip", "-n", h.namespace, "address", "add", h.address+"/24", "dev", "veth0")
		output(t, "ip", "-n", h.namespace, "link", "set", "lo", "up")
		output(t, "ip", "-n", h.namespace, "link", "set", "veth0", "up")
	}
	return hosts
}

// port is where fio listens; 223D is the same in /proc/net/tcp.
const port = "8765"

// serve mounts on dir and starts fio, in a mount namespace of their own, which ip
// makes, with rank rank of two in the environment.
func (h *host) serve(t *testing.T, rank int, dir string, args ...string) {
	t.Helper()
	// Before anything starts, so that it runs when all of it has.
	t.Cleanup(func() { h.end(t, dir) })
	script := `"$0" "${@:3}" "$2" && exec fio --server="$1"`
	h.fio = spawn(t, "ip", slices.Concat([]string{"netns", "exec", h.namespace,
		"env", fmt.Sprintf("SLURM_PROCID=%d", rank), "SLURM_STEP_NUM_TASKS=2",
		"bash", "-c", script, program, h.address + "," + port, dir}, args)...)
	await(t, 20*time.Second, "fio listens", func() bool {
		select {
		case <-h.fio.ended:
			t.Fatalf("host %d: mounting, or fio, has ended with %v\n%s%s", rank, h.fio.status, &h.fio.stdout, &h.fio.stderr)
		default:
		}
		sockets, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", h.fio.pid))
		return strings.Contains(string(sockets), ":223D 00000000:0000 0A") // state LISTEN
	})
}

// end unmounts from inside. fio has ended by then: see spawn.
func (h *host) end(t *testing.T, dir string) {
	for _, pid := range servers(dir) {
		if !slices.Contains(h.pids(t), pid) {
			continue // of the other host
		}
		if r := try(t, command(t, "nsenter", "--target", strconv.Itoa(pid), "--mount", program, "umount", dir)); r.status != 0 {
			t.Errorf("unmounting in %s: exit status %d\n%s", h.namespace, r.status, r.stderr)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		pids := h.pids(t)
		if len(pids) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("processes %v are left in %s", pids, h.namespace)
			for _, pid := range pids {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			return
		}
	}
}

// fio in two hosts with the same command line, job and mount point, each with its
// part by the rank that Slurm tells: together they read everything, once.
func TestShardsOfHosts(t *testing.T) {
	need(t, "fio", "ip", "nsenter")
	if os.Getuid() != 0 {
		t.Skip("network namespaces are made by root")
	}
	if !strings.Contains(output(t, "fio", "--help"), "--client") {
		t.Skip("fio was built without client and server")
	}
	withoutManagers(t)
	// fio leaves out what is less than a block at the end of a file.
	args := []string{"--seed", "6", "--file", "d{0..9}/{00..39}.bin:40K,dedup=2", "--file", "big-{0..6}:5M,compress=2", "--file", "e/f/one:12K"}
	all, _ := shown(t, mount(t, args...))
	args = append(args, "--shard", "auto")
	dir := t.TempDir()
	hosts := newHosts(t)
	for i, h := range hosts {
		h.serve(t, i, dir, args...)
	}
	union := map[string]string{}
	var parts, before [2]int64
	served := func(h *host) (n int64) {
		t.Helper()
		var stats struct {
			ReadBytes int64 `json:"read_bytes"`
			Errors    int64 `json:"read_errors"`
		}
		words := append(h.inside(), "cat", filepath.Join(dir, ".dgenfs", "stats"))
		if err := json.Unmarshal([]byte(output(t, words[0], words[1:]...)), &stats); err != nil {
			t.Fatal(err)
		}
		if stats.Errors != 0 {
			t.Errorf("%s: %d errors", h.address, stats.Errors)
		}
		return stats.ReadBytes
	}
	for i, h := range hosts {
		files, _ := shown(t, dir, h.inside()...)
		words := append(h.inside(), "cat", filepath.Join(dir, ".dgenfs", "tree"))
		if text, want := output(t, words[0], words[1:]...), fmt.Sprintf(" --shard %d/2 ", i+1); !strings.Contains(text, want) {
			t.Errorf("%s: the tree file does not say%s:\n%s", h.address, want, text)
		}
		parts[i], before[i] = bytesOf(t, files), served(h)
		for path, about := range files {
			if _, twice := union[path]; twice {
				t.Errorf("%s: %s is on the other host, too", h.address, path)
			}
			union[path] = about
		}
	}
	if !maps.Equal(union, all) {
		t.Errorf("the hosts have %d files, want %d, or they differ", len(union), len(all))
	}

	job := filepath.Join(t.TempDir(), "job")
	if err := os.WriteFile(job, []byte("[part]\nopendir="+dir+"\nrw=read\nbs=4k\nioengine=psync\nfile_service_type=sequential\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	words := []string{"netns", "exec", hosts[0].namespace, "fio", "--output-format=json"}
	for _, h := range hosts {
		words = append(words, "--client="+h.address+","+port, job)
	}
	text := output(t, "ip", words...)
	var report struct {
		Clients []struct {
			Job   string `json:"jobname"`
			Host  string `json:"hostname"`
			Error int    `json:"error"`
			Read  struct {
				Bytes int64 `json:"io_bytes"`
			} `json:"read"`
		} `json:"client_stats"`
	}
	if err := json.Unmarshal([]byte(text[max(0, strings.Index(text, "{")):]), &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	read := map[string]int64{}
	for _, c := range report.Clients {
		if c.Error != 0 {
			t.Errorf("%s of %s: error %d", c.Job, c.Host, c.Error)
		}
		if c.Job == "part" {
			read[c.Host] += c.Read.Bytes
		}
	}
	want := map[string]int64{hosts[0].address: parts[0], hosts[1].address: parts[1]}
	if !maps.Equal(read, want) || parts[0]+parts[1] != bytesOf(t, all) {
		t.Errorf("fio has read %v, want %v, together %d", read, want, bytesOf(t, all))
	}
	for i, h := range hosts {
		// What is more are the stats themselves.
		if n := served(h) - before[i]; n < parts[i] || n > parts[i]+parts[i]/10 {
			t.Errorf("the mount of %s has served %d bytes, want a little more than %d", h.address, n, parts[i])
		}
	}
}

// withoutManagers hides the variables by which process managers number their
// processes, for a program under test that is told by this test alone.
func withoutManagers(t *testing.T) {
	for _, name := range []string{"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID", "JOB_COMPLETION_INDEX"} {
		t.Setenv(name, "")
	}
}
