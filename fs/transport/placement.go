package transport

import "errors"

// Placement says on which CPUs requests are answered, and on which memory nodes their
// buffers are. The functions that bind threads and place memory come from the caller:
// this package knows CPUs and nodes by their numbers only.
type Placement struct {
	// CPUs are those to answer on, at least one, with a thread each. Threads are
	// woken up in this order as the load grows.
	CPUs []int

	// Nodes are the memory nodes of CPUs: a thread that has too much to do turns
	// to threads of its own node first. nil means that there is one node.
	Nodes []int

	// Queues has, for every possible CPU (/sys/devices/system/cpu/possible), the
	// index in CPUs of the thread that answers requests that begin on that CPU.
	// Only FUSE over io_uring needs it.
	Queues []int

	// Pin binds the calling goroutine, which is locked to its thread, to a CPU.
	// A thread that cannot be bound runs where the kernel puts it. nil binds
	// none.
	Pin func(cpu int) error

	// Place puts a buffer that is page-aligned, and was never written to, on a
	// CPU's memory node. If it is nil, pages are where they are first written,
	// which is that node, too, unless the process has another memory policy.
	Place func(buffer []byte, cpu int) error
}

// check returns what is wrong with p.
func (p *Placement) check() error {
	if len(p.CPUs) == 0 {
		return errors.New("there is no CPU to answer requests on")
	}
	if p.Nodes != nil && len(p.Nodes) != len(p.CPUs) {
		return errors.New("not every CPU has a memory node")
	}
	for _, place := range p.Queues {
		if place < 0 || place >= len(p.CPUs) {
			return errors.New("a queue has no thread")
		}
	}
	return nil
}

// node returns the memory node of a thread, by its place in CPUs.
func (p *Placement) node(place int) int {
	if p.Nodes == nil {
		return 0
	}
	return p.Nodes[place]
}

// pin binds the calling thread to its CPU.
func (s *Server) pin(cpu int) {
	if s.placement.Pin == nil {
		return
	}
	if err := s.placement.Pin(cpu); err != nil {
		s.log.Printf("%v; a thread runs where the kernel puts it", err)
	}
}

// mapBuffer returns memory that lies on a CPU's node; see the function.
func (s *Server) mapBuffer(size, cpu int) ([]byte, error) {
	p, err := mapBuffer(size)
	if err == nil && s.placement.Place != nil {
		// All of it: no huge page has two policies.
		if err := s.placement.Place(p[:cap(p)], cpu); err != nil {
			s.log.Printf("%v; it lies where it is written first", err)
		}
	}
	if err != nil {
		return nil, err
	}
	return p[:size:size], nil
}
