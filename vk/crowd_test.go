package vk

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/vk/device"
	"hearth/vk/scene"
)

// Many things that each name a lump of their own which never arrives cost a frame little,
// and leave nothing when they go.
func TestManyThatNeverArrive(t *testing.T) {
	s := newStage(t, device.ProfileBound, func(o *Options) { o.Device.Validate = false })
	s.sun()
	s.add(s.put(ball(paint(1, 0, 0, 0, 0.5)).gltf()), mgl32.Ident4())
	s.settle()
	const n = 40000
	var ids []scene.ID
	for i := range n {
		var d lumps.Digest
		binary.LittleEndian.PutUint64(d[:], uint64(i+1))
		c := lumps.FromDigest(lumps.Raw, lumps.BLAKE3, d)
		s.hold(c)
		ids = append(ids, s.add(c, mgl32.Translate3D(0, 0, 50)))
	}
	before := runtime.NumGoroutine()
	begun := time.Now()
	s.draw()
	t.Logf("taking over %d: %v", n, time.Since(begun))
	if p, _ := s.r.Ready(s.scene.Snapshot()); p != n {
		t.Errorf("%d are on their way, it must be %d", p, n)
	}
	for _, id := range ids {
		if err := s.scene.RemoveObject(id); err != nil {
			t.Fatal(err)
		}
	}
	begun = time.Now()
	s.draw()
	t.Logf("taking away: %v", time.Since(begun))
	if n := len(s.r.looks.open); n != 0 {
		t.Errorf("%d are still waited for", n)
	}
	for range 130 { // longer than what was let go is kept
		s.draw()
	}
	if st := s.r.looks.res.Stats(); st.Pending != 0 || st.Ready != 1 || st.Idle != 0 {
		t.Errorf("of what is gone there is left: %+v", st)
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines where there were %d", runtime.NumGoroutine(), before)
		}
	}
}
