package view

import (
	"math/rand/v2"
	"testing"

	"hearth/lumps"
	"hearth/vk/scene"
)

// Whatever changes, what is remembered of the chunks says what looking at all says.
func TestAnimated(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := scene.New(scene.Limits{})
	var a animated
	if a.look(s.Snapshot()) {
		t.Error("an empty scene moves")
	}
	moving := map[scene.ID]bool{}
	var ids []scene.ID
	for step := range 2000 {
		switch k := rng.IntN(3); {
		case k == 0 || len(ids) == 0:
			o := scene.NewObject()
			o.Model = lumps.Sum(lumps.Raw, []byte("a model"))
			id, err := s.AddObject(o)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		case k == 1:
			id := ids[rng.IntN(len(ids))]
			on := rng.IntN(200) == 0
			if err := s.UpdateObject(id, func(o *scene.Object) {
				if o.Animation.Index = -1; on {
					o.Animation.Index, o.Animation.Speed = 0, 1
				}
			}); err != nil {
				t.Fatal(err)
			}
			delete(moving, id)
			if on {
				moving[id] = true
			}
		default:
			i := rng.IntN(len(ids))
			s.RemoveObject(ids[i])
			delete(moving, ids[i])
			ids = append(ids[:i], ids[i+1:]...)
		}
		if got, want := a.look(s.Snapshot()), len(moving) > 0; got != want {
			t.Fatalf("step %d: %v, and %d objects move", step, got, len(moving))
		}
	}
}

func BenchmarkAnimated(b *testing.B) {
	b.ReportAllocs()
	s := scene.New(scene.Limits{})
	var first scene.ID
	for range 10_000 {
		o := scene.NewObject()
		o.Model = lumps.Sum(lumps.Raw, []byte("a model"))
		id, err := s.AddObject(o)
		if err != nil {
			b.Fatal(err)
		}
		first = id
	}
	var a animated
	for b.Loop() {
		b.StopTimer()
		s.UpdateObject(first, func(o *scene.Object) { o.Tint[0]++ })
		snap := s.Snapshot()
		b.StartTimer()
		a.look(snap)
	}
}
