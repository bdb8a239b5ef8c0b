//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
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

// newHosts returns two hosts that are connected by a pair of devices.
func newHosts(t *testing.T) (hosts [2]*host) {
	t.Helper()
	for i := range hosts {
		h := &host{namespace: fmt.Sprintf("dgenfs-test-%d-%d", os.Getpid(), i+1), address: fmt.Sprintf("192.0.2.%d", i+1)}
		if r := try(t, command(t, "ip", "netns", "add", h.namespace)); r.status != 0 {
			skipNeeds(t, "network namespaces: %s", r.stderr)
		}
		t.Cleanup(func() { output(t, "ip", "netns", "delete", h.namespace) })
		hosts[i] = h
	}
	if r := try(t, command(t, "ip", "link", "add", "veth0", "netns", hosts[0].namespace, "type", "veth", "peer", "name", "veth0", "netns", hosts[1].namespace)); r.status != 0 {
		skipNeeds(t, "network namespaces with devices: %s", r.stderr)
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
// makes, with the rank of two in the environment.
func (h *host) serve(t *testing.T, rank int, dir string, args ...string) {
	t.Helper()
	// Registered first, so that it runs after everything else has ended.
	t.Cleanup(func() { h.end(t, dir) })
	script := `"$0" "${@:3}" "$2" && exec fio --server="$1"`
	h.fio = spawn(t, "ip", slices.Concat([]string{"netns", "exec", h.namespace,
		"env", fmt.Sprintf("SLURM_PROCID=%d", rank), "SLURM_STEP_NUM_TASKS=2",
		"bash", "-c", script, program, h.address + "," + port, dir}, args)...)
	await(t, "fio listens", func() bool {
		if h.fio.hasEnded() {
			t.Fatalf("host %d: mounting, or fio, has ended with %v\n%s%s", rank, h.fio.status, &h.fio.stdout, &h.fio.stderr)
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
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
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
// part by the rank that Slurm gives it: together they read everything, once.
func TestShardsOfHosts(t *testing.T) {
	need(t, "fio", "ip", "nsenter")
	needRoot(t)
	if !strings.Contains(output(t, "fio", "--help"), "--client") {
		skipNeeds(t, "fio with --client")
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
			t.Errorf("%s: the tree file does not have%s:\n%s", h.address, want, text)
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
		// Small files are stored when they are opened, and read once more, as fio drops
		// what is cached of a file before it reads it.
		if n := served(h) - before[i]; n < parts[i] || n > 2*parts[i] {
			t.Errorf("the mount of %s has served %d bytes, want %d to twice that", h.address, n, parts[i])
		}
	}
}

// withoutManagers hides the variables by which process managers number their
// processes, so that only those count which the test sets.
func withoutManagers(t *testing.T) {
	for _, name := range []string{"OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID", "JOB_COMPLETION_INDEX"} {
		t.Setenv(name, "")
	}
}
