package eye

import (
	"math"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"
	"pgregory.net/rapid"
)

func near(a, b mgl32.Vec3, by float32) bool { return a.Sub(b).Len() <= by }

// apart is how far two matrices differ.
func apart(a, b mgl32.Mat4) (d float64) {
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}

// The matrix of an eye takes what is before it to -Z, what is right of it to +X, and
// what is above it to +Y.
func TestViewIsRightHanded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Eye{
			Position: mgl32.Vec3{rapid.Float32Range(-50, 50).Draw(t, "x"), rapid.Float32Range(-50, 50).Draw(t, "y"), rapid.Float32Range(-50, 50).Draw(t, "z")},
			Yaw:      rapid.Float32Range(-3, 3).Draw(t, "yaw"), Pitch: rapid.Float32Range(-1.5, 1.5).Draw(t, "pitch"),
		}
		view := e.View()
		if got := view.Mul4x1(e.Position.Vec4(1)).Vec3(); !near(got, mgl32.Vec3{}, 1e-3) {
			t.Fatalf("the eye is at %v of its own space", got)
		}
		f := e.Forward()
		if got := view.Mul4x1(f.Vec4(0)).Vec3(); !near(got, mgl32.Vec3{0, 0, -1}, 1e-4) {
			t.Fatalf("before it is %v", got)
		}
		right := f.Cross(mgl32.Vec3{0, 1, 0}).Normalize()
		if got := view.Mul4x1(right.Vec4(0)).Vec3(); !near(got, mgl32.Vec3{1, 0, 0}, 1e-4) {
			t.Fatalf("right of it is %v", got)
		}
		if up := view.Mul4x1(mgl32.Vec4{0, 1, 0, 0}); up[1] < 0 {
			t.Fatalf("up is %v", up)
		}
		// The same as the textbook's matrix, and back again.
		if want := mgl32.LookAtV(e.Position, e.Position.Add(f), mgl32.Vec3{0, 1, 0}); apart(view, want) > 1e-2 {
			t.Fatalf("%v, want %v", view, want)
		}
		back := FromView(view)
		if !near(back.Position, e.Position, 1e-2) || !near(back.Forward(), f, 1e-3) {
			t.Fatalf("%+v came back as %+v", e, back)
		}
	})
}

// A moment moves the eye alike in however many frames it is cut.
func TestFramesDoNotMatter(t *testing.T) {
	for _, mode := range []Mode{Fly, Walk} {
		rapid.Check(t, func(t *rapid.T) {
			w := Wish{Right: rapid.Float32Range(-1, 1).Draw(t, "right"), Up: rapid.Float32Range(-1, 1).Draw(t, "up"), Forward: rapid.Float32Range(-1, 1).Draw(t, "forward")}
			start := Eye{Position: mgl32.Vec3{1, 30, 2}, Yaw: rapid.Float32Range(-3, 3).Draw(t, "yaw"), Mode: mode}
			n := rapid.IntRange(5, 60).Draw(t, "frames")
			a, b := start, start
			for range n {
				a.Step(w, time.Second/time.Duration(n), 0)
			}
			for range 4 {
				b.Step(w, time.Second/4, 0)
			}
			if !near(a.Position, b.Position, 0.02) {
				t.Fatalf("%v in %d frames, %v in 4", a.Position, n, b.Position)
			}
		})
	}
}

func TestFly(t *testing.T) {
	for _, c := range []struct {
		name string
		e    Eye
		w    Wish
		want mgl32.Vec3
	}{
		{"forward", Eye{}, Wish{Forward: 1}, mgl32.Vec3{0, 0, -1}},
		{"right", Eye{}, Wish{Right: 1}, mgl32.Vec3{1, 0, 0}},
		{"up", Eye{}, Wish{Up: 1}, mgl32.Vec3{0, 1, 0}},
		{"up while looking down", Eye{Pitch: -1}, Wish{Up: 1}, mgl32.Vec3{0, 1, 0}},
		{"forward, looking left", Eye{Yaw: math.Pi / 2}, Wish{Forward: 1}, mgl32.Vec3{-1, 0, 0}},
		{"forward, looking up", Eye{Pitch: math.Pi / 4}, Wish{Forward: 1}, mgl32.Vec3{0, 0.70711, -0.70711}},
		{"two keys lead no farther", Eye{}, Wish{Forward: 1, Right: 1}, mgl32.Vec3{0.70711, 0, -0.70711}},
		{"fast", Eye{}, Wish{Forward: 1, Fast: true}, mgl32.Vec3{0, 0, -fast}},
	} {
		e := c.e
		moved := e.Step(c.w, 250*time.Millisecond, 0)
		if want := c.want.Mul(flySpeed * 0.25); !moved || !near(e.Position, want, 1e-4) {
			t.Errorf("%s: at %v, want %v", c.name, e.Position, want)
		}
	}
	var e Eye
	if e.Step(Wish{Fast: true}, time.Second, 0) || !(Wish{Fast: true}).Idle() {
		t.Error("Shift alone moves it")
	}
	e.Step(Wish{Tilt: 9}, 0, 0)
	if e.Pitch > maxPitch || !near(e.Forward(), mgl32.Vec3{0, 1, 0}, 0.01) {
		t.Errorf("tipped over: %v", e.Pitch)
	}
	e.Step(Wish{Forward: 1}, time.Hour, 0)
	if e.Position.Len() > flySpeed*float32(maxStep.Seconds())+0.01 {
		t.Errorf("an hour's stop moved it to %v", e.Position)
	}
	for range 1000 {
		e.Wheel(1)
	}
	if e.Speed != MaxSpeed {
		t.Errorf("speed %v", e.Speed)
	}
	for range 1_000_000 {
		e.Step(Wish{Forward: 1, Fast: true}, time.Second, 0)
		if e.Position[1] >= Limit {
			break
		}
	}
	if e.Position[1] != Limit {
		t.Errorf("the end of the space is at %v", e.Position)
	}
	e.Wheel(-1e9)
	if e.Speed != MinSpeed {
		t.Errorf("speed %v", e.Speed)
	}
}

func TestWalk(t *testing.T) {
	e := Eye{Position: mgl32.Vec3{0, 10, 0}, Pitch: 1, Mode: Walk}
	// It falls as Galilei says: after half a second by g t²/2.
	for range 5 {
		e.Step(Wish{}, 100*time.Millisecond, 0)
	}
	if want := float32(10 - Gravity*0.25/2); math.Abs(float64(e.Position[1]-want)) > 0.01 {
		t.Errorf("fell to %v, want %v", e.Position[1], want)
	}
	for range 100 {
		e.Step(Wish{}, 50*time.Millisecond, 0)
	}
	if e.Position[1] != Height || e.Falling(0) {
		t.Errorf("stands at %v", e.Position[1])
	}
	if e.Step(Wish{}, time.Second, 0) {
		t.Error("who stands moves")
	}
	// Looking at the sky does not lift off, nor does E.
	e.Step(Wish{Forward: 1, Up: 1}, 200*time.Millisecond, 0)
	if want := (mgl32.Vec3{0, Height, -walkSpeed * 0.2}); !near(e.Position, want, 1e-4) {
		t.Errorf("walked to %v, want %v", e.Position, want)
	}
	// Up a stair at once, and down it by falling.
	e.Step(Wish{}, 10*time.Millisecond, 0.3)
	if math.Abs(float64(e.Position[1]-Height-0.3)) > 1e-6 {
		t.Errorf("on the stair at %v", e.Position[1])
	}
	e.Step(Wish{}, 10*time.Millisecond, 0)
	if e.Position[1] <= Height || !e.Falling(0) {
		t.Errorf("fell down the stair to %v at once", e.Position[1])
	}
	for range 100 {
		e.Step(Wish{}, 20*time.Millisecond, 0)
	}
	top := float32(0)
	e.Step(Wish{Jump: true}, 10*time.Millisecond, 0)
	for range 200 {
		e.Step(Wish{Jump: true}, 10*time.Millisecond, 0)
		top = max(top, e.Position[1]-Height)
	}
	if want := float32(jump * jump / (2 * Gravity)); math.Abs(float64(top-want)) > 0.05 {
		t.Errorf("jumped %v m, want %v", top, want)
	}
	// Below the floor nobody stays.
	e = Eye{Position: mgl32.Vec3{0, -40, 0}, Mode: Walk}
	e.Step(Wish{}, 10*time.Millisecond, 0)
	if e.Position[1] != Height {
		t.Errorf("at %v", e.Position[1])
	}
}

func TestFloor(t *testing.T) {
	var f Floor
	at := mgl32.Vec3{3, 9, -2}
	if f.Below(at) != 0 {
		t.Error("nothing is known, and it is not the plane")
	}
	f.Seen(mgl32.Vec3{3.05, 0.4, -2.05}, 0)
	if f.Below(at) != 0.4 {
		t.Errorf("the stair is at %v", f.Below(at))
	}
	f.Seen(mgl32.Vec3{3.05, 1.2, -2.05}, 0.4)
	if f.Below(at) != 0.4 {
		t.Error("a table is floor")
	}
	nan := float32(math.NaN())
	for _, bad := range []mgl32.Vec3{{nan, 0, 0}, {0, nan, 0}, {0, 0, nan}, {1e30, 0, 0}, {0, -1e30, 0}} {
		f.Seen(bad, 0)
	}
	if len(f.heights) != 1 {
		t.Errorf("nonsense is remembered: %v", f.heights)
	}
	for i := range 3 * maxCells {
		f.Seen(mgl32.Vec3{float32(i), 0.1, 0}, 0)
	}
	if len(f.heights) != maxCells || len(f.order) != maxCells || f.Below(mgl32.Vec3{3*maxCells - 1, 0, 0}) != 0.1 {
		t.Errorf("%d cells are remembered", len(f.heights))
	}
}

func TestParse(t *testing.T) {
	e, err := Parse("1, 2.5,-3,90,-45")
	if err != nil || e.Position != (mgl32.Vec3{1, 2.5, -3}) || !near(e.Forward(), mgl32.Vec3{-0.70711, -0.70711, 0}, 1e-4) {
		t.Errorf("%+v, %v", e, err)
	}
	for _, bad := range []string{"", "1,2", "1,2,3,4", "1,2,3,4,5,6", "a,b,c", "NaN,0,0", "0,Inf,0", "1e9,0,0", "1;2;3"} {
		if e, err := Parse(bad); err == nil {
			t.Errorf("%q is %+v", bad, e)
		}
	}
	if p, err := ParsePoint("0,1,-2"); err != nil || p != (mgl32.Vec3{0, 1, -2}) {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := ParsePoint("0,1,-2,4,5"); err == nil {
		t.Error("a point of five numbers")
	}
	for _, from := range []mgl32.Vec3{{0, 1, 4}, {3, 9, -1}, {0, 0, 0}, {0, 5, 0}} {
		l := Look(from, mgl32.Vec3{0, 0, 0})
		if from.Len() > 0 && !near(l.Forward(), from.Mul(-1/from.Len()), 2e-3) {
			t.Errorf("from %v it looks %v", from, l.Forward())
		}
	}
}

func BenchmarkStep(b *testing.B) {
	b.ReportAllocs()
	e := Eye{Mode: Walk}
	for b.Loop() {
		e.Step(Wish{Forward: 1, Turn: 0.01}, 16*time.Millisecond, 0)
	}
}

// Whatever is typed, an eye is somewhere that can be drawn from.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0,1.7,4,0,-10", "1,2,3", "NaN,0,0", "1e38,1,1", "0x1p-10,1_0,+1", ",,,,", "1,2,3,1e30,-1e30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		c := e.Camera(1, 0.1)
		for _, x := range c.View {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				t.Fatalf("%q is %+v, which looks by %v", s, e, c.View)
			}
		}
	})
}
