package compile

import "math"

// model holds the constants of the cost model. They were fitted to measured times of Linear on an H200
// (testdata/linear_h200.md); `go test ./internal/compile -run Model -v` prints how well they do.
//
// A block alternates between a stretch in which it moves and computes nothing that counts (it starts, fills its ring, adds
// up and stores) and its loop. An SM holds several blocks, and one fills while another computes. With n blocks resident
// that gives, for the time between two blocks' ends on an SM, the larger of what its loop takes with all units busy and
// (stretch + loop when alone)/n, rounded off where the two are near each other.
type model struct {
	Launch  float64 // ns of an empty kernel
	Trip    float64 // ns of a dependent trip to memory
	IPC     float64 // instructions a scheduler issues in a clock when it has warps enough
	Mma     float64 // clocks of a scheduler that an mma.m16n8k16 takes
	Tensor  float64 // clocks that wgmma takes for one that the matrix units need
	Alone   float64 // clocks between instructions of a warp that is alone
	Arrive  float64 // ns from the start of a copy to its arrival (sums of 4096 columns, with four warps on an SM: 510 and more; Linear is best described with 200 to 400)
	Share   float64 // of the memory's bandwidth that is reached beside instructions
	Queue   float64 // exponent with which the limits of blocks that wait for each other are rounded off
	Few     float64 // slowness of blocks of one warp: fewer warps than schedulers lie unevenly on them
	Tail    float64 // of the last wave that is lost, in blocks
	Whole   float64 // of the last wave of clusters that is lost
	Hot     float64 // cost of bytes that all blocks read, which the caches hold several times, beside other bytes
	Fixed   float64 // slowness of persistent blocks that compute with floats: the slowest SM gives the time
	Cluster float64 // ns that the blocks of a cluster wait for each other and read each other's sums
	Iter    float64 // ns of an iteration that nothing hides when a block is alone (column sums: 70 to 140)
	Port    float64 // bytes that an SM takes in a clock, where few SMs have blocks (sums of 4096 columns in 64 blocks: 20; Linear in 80 blocks: 26)
	Room    float64 // share of the SMs that clusters of more than two blocks leave empty
	Regs0   float64 // registers of a thread besides tiles
	Regs1   float64 // registers for each register of tiles
}

var defaultModel = model{
	Launch: 2519, Trip: 280, IPC: 0.5719, Mma: 4.768, Tensor: 0.7454, Alone: 0.01239, Arrive: 400, Share: 0.9174,
	Queue: 3.214, Few: 0.6, Tail: 0.8997, Whole: 0.9309, Hot: 0.195, Fixed: 1.112, Cluster: 2822, Iter: 45, Port: 25, Room: 0.09, Regs0: 40, Regs1: 0.95,
}

// Estimate is what the model says of one choice of tune values. Times are in ns.
type Estimate struct {
	Time     float64
	Shared   int     // bytes of a block
	Regs     int     // of a thread
	Resident int     // blocks of an SM
	Memory   float64 // time if only memory counted
	Compute  float64 // time if only instructions counted
	Score    float64 // Time with what a choice pays for not being the author's first; set by Expect
	Why      string  // not empty: it cannot run
}

// estimate is the time of a kernel's work on a machine.
func (c *model) estimate(w *work, m Machine) Estimate {
	e := Estimate{Shared: w.ring()}
	e.Regs = int(c.Regs0+c.Regs1*(w.carry+w.temps)+7) &^ 7
	if w.lasting {
		e.Regs += 8 // where the block is and goes
	}
	blocks := w.blocks()
	if blocks == 0 {
		return e
	}
	threads := 32 * w.warps
	switch {
	case e.Shared > m.SharedBlock:
		e.Why = "shared memory"
	case threads > 1024:
		e.Why = "threads"
	}
	spill := 1.0
	if limit := min(255, m.Registers/threads); e.Regs > limit {
		spill = 1.5 + 4*float64(e.Regs-limit)/float64(limit) // to memory and back
		e.Regs = limit
	}
	if e.Why != "" {
		e.Time = math.Inf(1)
		return e
	}
	e.Resident = min(m.Blocks, m.Warps/w.warps, m.Registers/(e.Regs*threads), m.SharedSM/(e.Shared+kib))
	e.Resident = max(1, e.Resident)

	// How many blocks an SM gets, and how many of them at a time. A cluster starts when there is room for all of its blocks in one
	// part of the chip: of more than two, some SMs of each part stay empty (measured: 12 of 132 for four and for eight).
	sms := float64(m.SMs)
	if w.cluster > 2 {
		sms *= 1 - c.Room
	}
	share := blocks / sms
	room := float64(e.Resident)

	// What the loops of a block take: busy with all units shared, alone with one block on the SM, whose warps wait for each other at
	// the barrier, so that widening and wgmma do not overlap. An iteration of a ring can
	// start no sooner than the copy that was started stages-1 iterations before has arrived.
	var busy, alone float64
	scheduler := float64(w.warps) / 4
	for _, l := range w.loops {
		issue := l.each.issue * spill
		mma := c.Mma * l.each.mma * spill
		tensor := c.Tensor * l.each.tensor * spill
		each := max((issue/c.IPC+mma)*scheduler, tensor)
		busy += l.trips * each / m.Clock
		lone := max(max(issue*c.Alone+mma, (issue/c.IPC+mma)*scheduler)+tensor, each)/m.Clock + c.Iter + c.Trip*l.each.latency
		if l.stages > 1 && l.copied > 0 {
			lone = max(lone, c.Arrive/float64(l.stages-1))
		}
		alone += l.trips * lone
	}
	stretch := c.Trip * max(0, w.edge.latency-1)
	if w.cluster > 1 {
		stretch += c.Cluster
	}
	busy += w.edge.issue * scheduler / c.IPC / m.Clock

	// Memory: what has to come from DRAM, and what all SMs draw from the cache.
	total := 0.0
	for _, t := range w.reads {
		if t.again && t.block*min(blocks, sms*float64(e.Resident)) < float64(m.L2Size)/2 { // still in the cache
			total += t.block * blocks
			continue
		}
		all := t.block * blocks
		need := min(t.unique, all)
		if t.unique > float64(m.L2Size)/2 {
			waves := max(1, blocks/(sms*float64(e.Resident)))
			need = max(need, min(all, waves*t.block*t.shares(w.grid, w.band, min(blocks, sms*float64(e.Resident)))))
		}
		total += need + c.Hot*(all-need)
	}
	writes := w.writes * blocks
	total += writes
	// Bytes that the caches serve take their share of the way to the SMs, and SMs that stay empty leave theirs unused.
	e.Memory = max(total/m.DRAM/c.Share*float64(m.SMs)/sms, total/min(blocks, sms)/(c.Port*m.Clock))
	e.Compute = busy * share

	// One block of an SM.
	perBlock := max(e.Memory/max(share, 1), busy)
	own := max(e.Memory/max(share, 1), alone)
	// wave is what n blocks side by side on an SM take.
	wave := func(n float64) float64 {
		t := c.norm(n*perBlock, stretch+own)
		if w.warps < 4 {
			t *= 1 + c.Few*(4/float64(w.warps)-1)/3
		}
		return t
	}
	t := wave(math.Ceil(share))
	switch {
	case w.runsOn() && share > room:
		// All blocks run at once, and each takes several places one after the other. Its ring is filled once, but sums are put together at each,
		// and what blocks of a cluster then wait for each other, nothing hides.
		each := math.Ceil(share / room)
		beside := math.Ceil(math.Ceil(blocks/each) / sms)
		t = c.norm(max(e.Memory, beside*each*busy), each*(stretch+alone))
		if !w.digits {
			t *= c.Fixed
		}
		if w.cluster > 1 {
			t += each * c.Cluster
		}
	case share > room:
		// Blocks that end at different times leave no waves; of few waves, and of clusters, the last one is lost in part.
		full := math.Floor(share / room)
		whole := full * wave(room)
		if rest := math.Ceil(share - full*room); rest > 0 {
			whole += wave(min(rest, room))
		}
		smooth := share / room * wave(room)
		tail := c.Tail
		if w.cluster > 1 {
			tail = c.Whole
		}
		t = smooth + tail*(whole-smooth)
	}
	e.Time = c.Launch + t
	return e
}

// norm is the larger of two times that wait for each other, rounded off where they are near.
func (c *model) norm(x, y float64) float64 {
	return math.Pow(math.Pow(x, c.Queue)+math.Pow(y, c.Queue), 1/c.Queue)
}
