package res

import (
	"testing"
	"time"

	"hearth/lumps"
)

// However much is asked for at once, what waits decoded is bounded, and all of it
// arrives in the end; what never arrives keeps nobody out for long.
func TestQueueIsBounded(t *testing.T) {
	b := onCPU(t, Options{Upload: 64 << 20})
	var refs []ref
	var all []interface{ Release() }
	for i := range 24 { // as many as may begin, and more, none of which arrives
		never := b.r.Model(lumps.Sum(lumps.Raw, []byte{byte(i)}))
		all = append(all, never)
	}
	for i := range 6 {
		x := b.r.Texture(b.shelf.put(picture(t, 256, 256, byte(i))), TextureOptions{Linear: true})
		refs, all = append(refs, x), append(all, x)
	}
	// Nothing but time lets the textures in.
	if b.r.Stats().Queued != 0 {
		t.Error("more began than may")
	}
	b.ready(refs...)
	b.r.mu.Lock()
	sum := int64(0)
	for _, j := range b.r.queue {
		sum += j.left()
	}
	if b.r.queued != sum || sum != 0 {
		t.Errorf("%d bytes are counted, %d are queued", b.r.queued, sum)
	}
	// A full queue lets nobody in; where it empties, the next comes.
	b.r.queued += maxQueued
	b.r.mu.Unlock()
	late := b.r.Texture(b.shelf.put(picture(t, 32, 32, 9)), TextureOptions{})
	all = append(all, late)
	time.Sleep(50 * time.Millisecond)
	b.frame()
	if late.State() != Pending || b.r.Stats().Queued != maxQueued {
		t.Errorf("%v, %d queued", late.State(), b.r.Stats().Queued)
	}
	b.r.mu.Lock()
	b.r.queued -= maxQueued
	b.r.wake()
	b.r.mu.Unlock()
	b.ready(late)
	for _, x := range all {
		x.Release()
	}
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	if b.r.promised < 0 || b.r.queued != 0 {
		t.Errorf("%d promised, %d queued", b.r.promised, b.r.queued)
	}
}
