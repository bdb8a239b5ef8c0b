package transport

import "errors"

// Placement says on which CPUs requests are answered, and where the buffers lie
// that they are answered from. What reaches the machine is handed in: this
// package knows CPUs and memory nodes by their numbers only.
type Placement struct {
	// CPUs are those to answer on, at least one, with a thread each; a thread
	// that is needed more is woken up in this order.
	CPUs []int

	// Nodes are the memory nodes of CPUs: threads that have too much to do turn
	// to those of their own node first. nil means that there is one.
	Nodes []int

	// Queues has the place in CPUs of the thread that answers what begins on
	// a CPU, by that CPU's number, for every CPU that the kernel is prepared
	// for. It is what FUSE over io_uring needs.
	Queues []int

	// Pin binds the calling goroutine, which is locked to its thread, to a CPU.
	// A thread that cannot be bound runs where the kernel puts it. nil binds
	// none.
	Pin func(cpu int) error

	// Place puts a buffer that begins with a page, and was never written to, on
	// a CPU's memory node. nil leaves it where it is written first, which is
	// that node, too, unless the process was told otherwise.
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
