package input

// Modes are the modes of a terminal that change what is sent to its program. A program
// sets them by the sequences that stand beside them. Start from Initial.
type Modes struct {
	AppCursor       bool       // DECCKM (CSI ? 1 h): cursor keys send SS3
	AppKeypad       bool       // DECNKM (ESC =, CSI ? 66 h): keypad keys send SS3
	Backarrow       bool       // DECBKM (CSI ? 67 h): Backspace sends BS, not DEL
	NewLine         bool       // LNM (CSI 20 h): Enter sends CR LF
	MetaEscape      bool       // CSI ? 1036 h: Alt sends ESC before what a key sends
	MetaEighth      bool       // CSI ? 1034 h: without MetaEscape, Alt adds 128 to an ASCII character, which goes as UTF-8
	Kitty           KittyFlags // CSI > flags u and its kin, of the screen that is shown
	ModifyOtherKeys int        // CSI > 4 ; n m: 0, 1 or 2
	FormatOtherKeys int        // CSI > 4 ; n f: 0 sends CSI 27 ; mods ; code ~, 1 sends CSI code ; mods u
	Mouse           MouseMode
	MouseFormat     MouseFormat
	FocusEvents     bool // CSI ? 1004 h
	BracketedPaste  bool // CSI ? 2004 h
	AlternateScroll bool // CSI ? 1007 h: in the alternate screen the wheel sends cursor keys
	Alternate       bool // the alternate screen is shown
}

// Initial are the modes of a terminal that was reset.
func Initial() Modes { return Modes{MetaEscape: true, AlternateScroll: true} }

// KittyFlags are the progressive enhancements of kitty's keyboard protocol.
type KittyFlags uint8

const (
	Disambiguate    KittyFlags = 1 << iota // what legacy bytes cannot tell apart goes as CSI u
	ReportEvents                           // repeats and releases are told
	ReportAlternate                        // the shifted key and the key of a US layout are told
	ReportAll                              // every key goes as an escape code, text too
	ReportText                             // with ReportAll, the text goes within the escape code

	AllKitty = Disambiguate | ReportEvents | ReportAlternate | ReportAll | ReportText
)

// MouseMode is which mouse events a program asked for.
type MouseMode uint8

const (
	MouseNone    MouseMode = iota
	MouseX10               // CSI ? 9 h: presses only, without modifiers
	MouseNormal            // CSI ? 1000 h: presses and releases
	MouseButtons           // CSI ? 1002 h: and motion while a button is down
	MouseAny               // CSI ? 1003 h: and all other motion
)

// MouseFormat is how mouse events are written.
type MouseFormat uint8

const (
	FormatDefault   MouseFormat = iota
	FormatUTF8                  // CSI ? 1005 h
	FormatSGR                   // CSI ? 1006 h
	FormatURXVT                 // CSI ? 1015 h
	FormatSGRPixels             // CSI ? 1016 h
)
