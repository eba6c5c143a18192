package res

import (
	"fmt"

	vk "github.com/vulkan-go/vulkan"

	"hearth/vk/device"
	"hearth/vk/mem"
	"hearth/vk/raw"
)

// blitCost is how many bytes of copying the blit of a byte counts as: a device that
// is a CPU filters each texel.
const blitCost = 4

// stagingAlign is what offsets in staging memory are rounded to: the size of the
// largest texel, and what copies are fastest with.
const stagingAlign = 16

// job is something to copy: bytes into a buffer, or pixels into a texture and then
// its mip chain, as far as a frame's budget goes.
type job struct {
	e    *entry
	data []byte
	done int // bytes of data that are copied

	buffer vk.Buffer
	offset uint64

	texture *Texture
	begun   bool
	level   uint32 // that is being made from the one above; 0: pixels are being copied
	source  uint32 // levels that are ready to be read from
	layer   uint32 // of level
	row     uint32 // of layer
}

func (j *job) left() int64 { return int64(len(j.data) - j.done) }

// upload is one frame's copying.
type upload struct {
	s      *raw.Stream
	buf    *mem.Buffer
	used   int // of buf
	budget int // what is left of it
	images []raw.ImageBarrier
	copied int
}

// stage takes n bytes of staging memory.
func (u *upload) stage(n int) (uint64, []byte) {
	at := u.used
	u.used += (n + stagingAlign - 1) / stagingAlign * stagingAlign
	u.budget -= n
	u.copied += n
	return uint64(at), u.buf.Bytes[at : at+n : at+n]
}

// room is how many bytes may still be staged.
func (u *upload) room() int { return min(u.budget, len(u.buf.Bytes)-u.used) }

// Record copies what is queued, as far as a frame's budget goes, and reaps what was
// let go. Call it once a frame, before anything is recorded that uses resources:
// what becomes Ready by it may be used by the commands that follow in the frame.
func (r *Resources) Record(fr *device.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.frame++
	r.reap()
	r.stats.LastUpload = 0
	if len(r.queue) == 0 {
		return nil
	}
	u, err := r.begin(fr)
	if err != nil {
		return err
	}
	n := 0
	for n < len(r.queue) && u.budget > 0 {
		j := r.queue[n]
		if !j.run(u) {
			break
		}
		n++
		j.e.partDone(j)
	}
	done := r.queue[:n]
	r.queue = append(r.queue[:0], r.queue[n:]...)
	clear(r.queue[len(r.queue) : len(r.queue)+len(done)])
	u.s.Barriers(nil, nil, []raw.MemoryBarrier{{SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
		DstStage:  raw.StageVertexInput | raw.StageVertex | raw.StageFragment | raw.StageCompute | raw.StageTransfer,
		DstAccess: raw.AccessVertexRead | raw.AccessIndexRead | raw.AccessUniformRead | raw.AccessShaderRead | raw.AccessTransferRead | raw.AccessTransferWrite}})
	u.s.EndLabel()
	r.queued -= int64(u.copied)
	r.wake()
	r.stats.Uploaded += int64(u.copied)
	r.stats.LastUpload = u.copied
	return nil
}

// LastUpload is how many bytes the last Record copied.
func (r *Resources) LastUpload() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats.LastUpload
}

// begin prepares the copying of a frame, in staging memory of its slot.
func (r *Resources) begin(fr *device.Frame) (*upload, error) {
	for len(r.staging) <= fr.Index {
		b, err := r.a.NewBuffer(mem.BufferDesc{Size: uint64(r.o.Upload), Usage: vk.BufferUsageTransferSrcBit, Memory: mem.Upload, Name: "staging"})
		if err != nil {
			return nil, fmt.Errorf("nothing can be loaded: %w", err)
		}
		r.staging = append(r.staging, b)
	}
	u := &r.up
	*u = upload{s: fr.Stream, buf: r.staging[fr.Index], budget: r.o.Upload, images: u.images[:0]}
	u.s.BeginLabel("upload")
	return u, nil
}

// run does as much of a job as the budget allows and tells whether it is finished.
func (j *job) run(u *upload) bool {
	if j.texture != nil {
		return j.runTexture(u)
	}
	n := min(len(j.data)-j.done, u.room()&^3)
	if n <= 0 && len(j.data) > j.done {
		return false
	}
	at, to := u.stage(n)
	copy(to, j.data[j.done:])
	u.s.CopyBuffer(u.buf.Handle, at, j.buffer, j.offset+uint64(j.done), uint64(n))
	j.done += n
	return j.done == len(j.data)
}

func (j *job) runTexture(u *upload) bool {
	i := j.texture.Image
	if !j.begun {
		j.begun = true
		u.s.Barriers([]raw.ImageBarrier{{Image: i.Handle, New: vk.ImageLayoutTransferDstOptimal, SrcStage: raw.StageNone,
			DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferWrite}}, nil, nil)
	}
	if j.level == 0 && !j.runPixels(u) {
		return false
	}
	for j.level < i.Levels {
		if !j.runLevel(u) {
			return false
		}
	}
	last := i.Levels - 1
	u.images = u.images[:0]
	read := raw.ImageBarrier{Image: i.Handle, New: vk.ImageLayoutShaderReadOnlyOptimal, SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite,
		DstStage: raw.StageVertex | raw.StageFragment | raw.StageCompute | raw.StageTransfer, DstAccess: raw.AccessShaderRead | raw.AccessTransferRead}
	if last > 0 {
		read.Old, read.Levels = vk.ImageLayoutTransferSrcOptimal, last
		u.images = append(u.images, read)
	}
	read.Old, read.BaseLevel, read.Levels = vk.ImageLayoutTransferDstOptimal, last, 1
	u.images = append(u.images, read)
	u.s.Barriers(u.images, nil, nil)
	j.texture.picture = nil
	return true
}

// runPixels copies rows of level 0.
func (j *job) runPixels(u *upload) bool {
	i := j.texture.Image
	line := len(j.data) / int(i.Height*i.Layers)
	for j.layer < i.Layers {
		rows := min(int(i.Height-j.row), u.room()/line)
		if rows <= 0 {
			return false
		}
		at, to := u.stage(rows * line)
		copy(to, j.data[j.done:])
		u.s.CopyBufferToImage(u.buf.Handle, raw.BufferLayout{Offset: at}, i.Handle, vk.ImageLayoutTransferDstOptimal,
			raw.Region{Layer: j.layer, Y: int32(j.row), Width: i.Width, Height: uint32(rows)})
		j.done += rows * line
		if j.row += uint32(rows); j.row == i.Height {
			j.row = 0
			j.layer++
		}
	}
	j.level, j.layer = 1, 0
	return true
}

// runLevel makes a level of the mip chain from the one above, in bands of rows. The
// blit averages four texels in linear light (the format is sRGB where it holds
// colours), so bands meet without a seam where the height above is even.
func (j *job) runLevel(u *upload) bool {
	i := j.texture.Image
	above := j.level - 1
	w, h := max(i.Width>>above, 1), max(i.Height>>above, 1)
	tw, th := max(w/2, 1), max(h/2, 1)
	texel := len(j.data) / int(i.Width*i.Height*i.Layers)
	line := int(tw) * texel * blitCost
	if j.source < j.level {
		j.source = j.level
		u.s.Barriers([]raw.ImageBarrier{{Image: i.Handle, Old: vk.ImageLayoutTransferDstOptimal, New: vk.ImageLayoutTransferSrcOptimal,
			SrcStage: raw.StageTransfer, SrcAccess: raw.AccessTransferWrite, DstStage: raw.StageTransfer, DstAccess: raw.AccessTransferRead,
			BaseLevel: above, Levels: 1}}, nil, nil)
	}
	for j.layer < i.Layers {
		rows := th - j.row
		scale := h / th
		if h%th == 0 { // bands are exact
			rows = min(rows, uint32(max(u.budget, 0)/line))
			if rows == 0 {
				return false // a row always fits into a frame of minUpload
			}
		} else if u.budget < min(int(rows)*line, minUpload) {
			return false
		}
		from := raw.Region{Level: above, Layer: j.layer, Y: int32(j.row * scale), Width: w, Height: rows * scale}
		if rows == th {
			from.Height = h
		}
		u.s.BlitImage(i.Handle, vk.ImageLayoutTransferSrcOptimal, from, i.Handle, vk.ImageLayoutTransferDstOptimal,
			raw.Region{Level: j.level, Layer: j.layer, Y: int32(j.row), Width: tw, Height: rows}, vk.FilterLinear)
		u.budget -= int(rows) * line
		if j.row += rows; j.row == th {
			j.row = 0
			j.layer++
		}
	}
	j.level++
	j.layer = 0
	return true
}

// partDone counts a part of an entry. mu is held.
func (e *entry) partDone(j *job) {
	j.data = nil
	if e.parts--; e.parts == 0 {
		e.ready()
	}
}

// ready ends a load well. mu is held.
func (e *entry) ready() {
	if e.state != Pending {
		return
	}
	e.state = Ready
	e.r.changes++
	e.finish()
}

// finish lets what was decoded go and tells who waits. mu is held.
func (e *entry) finish() {
	if e.done != nil {
		e.done()
		e.done = nil
	}
	e.announce()
	waiters := e.waiters
	e.waiters = nil
	for _, w := range waiters {
		if e.state == Failed {
			w.fail(e.err)
		} else if w.parts--; w.parts == 0 {
			w.ready()
		}
	}
}

// announce wakes who waits for the image of a texture. mu is held.
func (e *entry) announce() {
	if e.madeCh != nil && (e.texture != nil || e.state != Pending) {
		close(e.madeCh)
		e.madeCh = nil
	}
}
