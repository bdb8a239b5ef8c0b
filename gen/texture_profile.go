package gen

// profile is what a texture's tokens and cells are like.
type profile struct {
	lowest, highest, usual float64 // ratios

	below, above int  // how far the dials of cells go to either side, in 1/256
	alike        int  // of 256 cells, how many have the level of their group
	group        uint // bits of a cell's number in its group

	stops [stops]stop

	// ratios are what zstd -3 makes of blocks of 128 KiB, in 1/65536, at every
	// dialUnit/4 of the dial.
	ratios [4*(stops-1) + 1]uint64
}

// dialFor returns where the dial stands for a ratio.
func (p *profile) dialFor(ratio float64) int {
	const step = dialUnit / 4
	r := uint64(ratio * 65536) // exact but for what is cut off
	i := 0
	for i < len(p.ratios)-2 && r >= p.ratios[i+1] {
		i++
	}
	lower, upper := p.ratios[i], p.ratios[i+1]
	return i*step + int(step*(max(r, lower)-lower)/(upper-lower))
}
