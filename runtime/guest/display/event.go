package display

import (
	"strconv"

	"hearth/runtime/guest/serde"
)

// Subscribe asks hearth.Window for its events: the first capability gets them.
var Subscribe = []byte(`"Subscribe"`)

// Event is what a person did at a window. Kind says which fields count: CursorMoved,
// Resized and MouseMotion have X and Y; MouseInput and KeyboardInput have Name (of the
// button or the key, as "Left" or "Escape") and Pressed; ReceivedCharacter has Name;
// Focused has Pressed. Of other kinds there is only the name.
type Event struct {
	Kind    string
	X, Y    float32
	Name    string
	Pressed bool
}

// ReadEvent reads a message of hearth.Window.
func ReadEvent(data []byte) (e Event, err error) {
	kind, body, err := serde.Tag(data)
	if err != nil {
		return e, err
	}
	e.Kind = kind
	switch kind {
	case "CursorMoved":
		err = serde.Fields(body, func(name string, v []byte) error {
			if name != "position" {
				return nil
			}
			return e.point(v)
		})
	case "Resized", "MouseMotion":
		err = e.point(body)
	case "MouseInput":
		err = e.press(body, "button")
	case "KeyboardInput":
		err = serde.Fields(body, func(name string, v []byte) error {
			if name != "input" {
				return nil
			}
			return e.press(v, "virtual_keycode")
		})
	case "ReceivedCharacter":
		e.Name, err = serde.String(body)
	case "Focused":
		e.Pressed = string(body) == "true"
	}
	return e, err
}

// point reads [x, y].
func (e *Event) point(data []byte) error {
	at := []*float32{&e.X, &e.Y}
	return serde.Elements(data, func(v []byte) error {
		x, err := strconv.ParseFloat(string(v), 32)
		if err != nil || len(at) == 0 {
			return serde.ErrSyntax
		}
		*at[0], at = float32(x), at[1:]
		return nil
	})
}

// press reads what was pressed or let go. A button or key without a name of its own
// leaves it empty.
func (e *Event) press(data []byte, what string) error {
	return serde.Fields(data, func(name string, v []byte) error {
		switch name {
		case "state":
			e.Pressed = string(v) == `"Pressed"`
		case what:
			e.Name, _ = serde.String(v)
		}
		return nil
	})
}
