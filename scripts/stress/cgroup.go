package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// errNotHere is returned where the machine does not have what a fault needs.
var errNotHere = errors.New("not on this machine")

// group is a control group, of version 1 or 2.
type group struct {
	dir    string
	second bool
}

// newGroup makes a group of a controller: freezer or memory.
func newGroup(controller string) (*group, error) {
	name := fmt.Sprintf("dgenfs-stress-%d-%d", os.Getpid(), time.Now().UnixNano())
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		all, err := os.ReadFile(root + "/cgroup.controllers")
		if err != nil || controller != "freezer" && !strings.Contains(string(all), controller) {
			continue
		}
		if controller != "freezer" {
			os.WriteFile(root+"/cgroup.subtree_control", []byte("+"+controller), 0)
		}
		g := &group{filepath.Join(root, name), true}
		if os.Mkdir(g.dir, 0o755) == nil {
			return g, nil
		}
	}
	g := &group{filepath.Join("/sys/fs/cgroup", controller, name), false}
	if os.Mkdir(g.dir, 0o755) != nil {
		return nil, errNotHere
	}
	return g, nil
}

func (g *group) write(name, text string) error {
	return os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0)
}

func (g *group) add(pid int) error { return g.write("cgroup.procs", strconv.Itoa(pid)) }

func (g *group) freeze(on bool) error {
	switch {
	case g.second && on:
		return g.write("cgroup.freeze", "1")
	case g.second:
		return g.write("cgroup.freeze", "0")
	case on:
		return g.write("freezer.state", "FROZEN")
	}
	return g.write("freezer.state", "THAWED")
}

func (g *group) limitMemory(bytes int) error {
	if g.second {
		return g.write("memory.max", strconv.Itoa(bytes))
	}
	return g.write("memory.limit_in_bytes", strconv.Itoa(bytes))
}

// wrapper is a command that starts another one in the group.
func (g *group) wrapper() []string {
	return []string{"/bin/sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, g.dir}
}

// remove moves what is left in the group to where all began, and removes it.
func (g *group) remove() {
	text, _ := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	for pid := range strings.Lines(string(text)) {
		os.WriteFile(filepath.Join(filepath.Dir(g.dir), "cgroup.procs"), []byte(strings.TrimSpace(pid)), 0)
	}
	for range 100 {
		if os.Remove(g.dir) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
