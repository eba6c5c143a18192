package graph

import vk "github.com/vulkan-go/vulkan"

// Image is an image that outlives a plan, with what the graph knows of its state.
// Its owner may replace Handle and View; then Forget says so.
type Image struct {
	Handle vk.Image
	View   vk.ImageView
	Aspect vk.ImageAspectFlagBits // 0: colour
	state  state
}

// NewImage returns an image whose contents are undefined.
func NewImage(h vk.Image, v vk.ImageView, aspect vk.ImageAspectFlagBits) *Image {
	return &Image{Handle: h, View: v, Aspect: aspect}
}

// Forget makes the contents of the image undefined, and orders the next use behind
// nothing but the given one: that of who hands the image over from outside.
func (i *Image) Forget(after Use) {
	i.state = state{writeStage: after.Stage}
}

// Assume says that the image is in a state that somebody outside of the graph has
// put it into.
func (i *Image) Assume(u Use) {
	i.state = state{layout: u.Layout, writeStage: u.Stage, writeAccess: u.Access & writes}
	if !u.Writes() {
		i.state.readStage, i.state.readAccess = u.Stage, u.Access
	}
}

// Buffer is a buffer, with what the graph knows of its state.
type Buffer struct {
	Handle vk.Buffer
	state  state
}

// NewBuffer returns a buffer that nobody has used so far.
func NewBuffer(h vk.Buffer) *Buffer { return &Buffer{Handle: h} }

// Replace puts another buffer in its place, last used as said: where the old one's
// contents were copied to it, by that copy.
func (b *Buffer) Replace(h vk.Buffer, after Use) {
	b.Handle = h
	b.state = state{writeStage: after.Stage, writeAccess: after.Access & writes}
}
