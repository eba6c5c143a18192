package display

import (
	"encoding/base64"

	"hearth/runtime/guest/serde"
)

// Terminals is the name of the service of terminals.
const Terminals = "hearth.terminal.TerminalFactory"

// Terminal is a terminal that floats in the space. It runs a shell on the computer of the
// viewer that is asked for it, which asks its user about who is not trusted there.
type Terminal struct {
	Name          string // what it showed is kept under it; may be empty
	Position      Vec3   // of its middle, where it faces +z before it is turned
	Orientation   Quat
	Em            float32 // the size of the letters, in metres an em
	Columns, Rows int
	Padding       float32 // metres between its edge and the letters
	Opacity       float32 // of what is behind the letters
	Again         bool    // Enter starts another shell when one has ended
}

// Request asks hearth.terminal.TerminalFactory for it.
func (t Terminal) Request() []byte {
	return t.members(begin("CreateTerminal")).value("again", truth(t.Again)).end()
}

// Screen asks it for a screen of the same look without a shell, which shows what it is
// fed. It needs nobody's permission.
func (t Terminal) Screen() []byte { return t.members(begin("CreateScreen")).end() }

func (t Terminal) members(w writer) writer {
	w = w.numbers("position", t.Position[:]).numbers("orientation", t.Orientation[:]).number("units_per_em", t.Em).
		numbers("padding", []float32{t.Padding, t.Padding}).number("opacity", t.Opacity).
		value("columns", serde.AppendUint(nil, uint64(max(t.Columns, 0)))).value("rows", serde.AppendUint(nil, uint64(max(t.Rows, 0))))
	if t.Name != "" {
		w = w.value("name", serde.AppendString(nil, t.Name))
	}
	return w
}

// Input types at a terminal; "\r" is Enter. Paste is for what was not typed key by key.
func Input(text string) []byte { return message("Input", serde.AppendString(nil, text)) }
func Paste(text string) []byte { return message("Paste", serde.AppendString(nil, text)) }

// Feed is what a screen shows, as a terminal does.
func Feed(data []byte) []byte {
	return message("Feed", serde.AppendString(nil, base64.StdEncoding.EncodeToString(data)))
}

// Cells gives a terminal other columns and rows; the letters stay as large as they are.
func Cells(columns, rows int) []byte {
	return begin("Resize").value("columns", serde.AppendUint(nil, uint64(max(columns, 0)))).
		value("rows", serde.AppendUint(nil, uint64(max(rows, 0)))).end()
}
