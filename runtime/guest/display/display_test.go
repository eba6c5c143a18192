package display

import (
	"encoding/json"
	"math"
	"testing"
)

// Events are read as hearth.Window tells them.
func TestReadEvent(t *testing.T) {
	for text, want := range map[string]Event{
		`{"CursorMoved":{"position":[12.5,-3]}}`:                   {Kind: "CursorMoved", X: 12.5, Y: -3},
		`{"Resized":[640,480]}`:                                    {Kind: "Resized", X: 640, Y: 480},
		`{"MouseMotion":[1,2]}`:                                    {Kind: "MouseMotion", X: 1, Y: 2},
		`{"MouseInput":{"state":"Pressed","button":"Left"}}`:       {Kind: "MouseInput", Name: "Left", Pressed: true},
		`{"MouseInput":{"state":"Released","button":{"Other":8}}}`: {Kind: "MouseInput"},
		`{"KeyboardInput":{"input":{"scancode":30,"state":"Pressed","virtual_keycode":"A"},"is_synthetic":false}}`:  {Kind: "KeyboardInput", Name: "A", Pressed: true},
		`{"KeyboardInput":{"input":{"scancode":30,"state":"Released","virtual_keycode":null},"is_synthetic":true}}`: {Kind: "KeyboardInput"},
		`{"ReceivedCharacter":"ü"}`: {Kind: "ReceivedCharacter", Name: "ü"},
		`{"Focused":true}`:          {Kind: "Focused", Pressed: true},
		`{"CursorLeft":{}}`:         {Kind: "CursorLeft"},
		`{"MouseWheel":{"delta":{"LineDelta":[0,1]},"phase":"Moved"}}`: {Kind: "MouseWheel"},
	} {
		if got, err := ReadEvent([]byte(text)); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "{", `{"Resized":[1,2,3]}`, `{"Resized":["a"]}`, `{"CursorMoved":7}`, `{"ReceivedCharacter":1}`, `{"A":1,"B":2}`} {
		if got, err := ReadEvent([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// A place is where points go that are scaled, then turned, then moved.
func TestPlace(t *testing.T) {
	m := Place(Vec3{1, 2, 3}, Turn(Vec3{0, 1, 0}, math.Pi/2), Vec3{2, 3, 4})
	// x becomes -z, z becomes x: a quarter turn to the left.
	for _, c := range []struct{ p, want Vec3 }{{Vec3{}, Vec3{1, 2, 3}}, {Vec3{1, 0, 0}, Vec3{1, 2, 1}}, {Vec3{0, 1, 0}, Vec3{1, 5, 3}}, {Vec3{0, 0, 1}, Vec3{5, 2, 3}}} {
		for i := range 3 {
			got := m[i]*c.p[0] + m[4+i]*c.p[1] + m[8+i]*c.p[2] + m[12+i]
			if math.Abs(float64(got-c.want[i])) > 1e-5 {
				t.Errorf("%v goes to %v in axis %d, want %v", c.p, got, i, c.want)
			}
		}
	}
	if At(1, 2, 3) != Place(Vec3{1, 2, 3}, Unturned, Vec3{1, 1, 1}) || At(0, 0, 0)[0] != 1 {
		t.Error("At turns or scales")
	}
}

// What is not finite is written as what JSON can say.
func TestNumbers(t *testing.T) {
	nan := float32(math.NaN())
	for _, text := range [][]byte{Position(Vec3{nan, float32(math.Inf(1)), 1e-9}), Intensity(nan), Model{Tint: Vec4{nan, 1, 1, 1}, Name: "\x00\""}.Request()} {
		if !json.Valid(text) {
			t.Errorf("%s is no JSON", text)
		}
	}
	if got := string(Position(Vec3{0.1, -2.25, 1e6})); got != `{"Position":[0.1,-2.25,1000000]}` {
		t.Error(got)
	}
}

// No message of a window makes the reader fail otherwise than by an error.
func FuzzReadEvent(f *testing.F) {
	for _, s := range []string{`{"CursorMoved":{"position":[1,2]}}`, `{"KeyboardInput":{"input":{"state":"Pressed","virtual_keycode":"A"}}}`, `{"Focused":true}`, "{", `"x"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := ReadEvent(data); err == nil && !json.Valid(data) {
			t.Fatalf("%q is read as %+v", data, e)
		}
	})
}
