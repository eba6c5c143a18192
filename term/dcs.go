package term

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
)

// dcs does a device control string. What is not known is swallowed, pictures too.
func (t *Terminal) dcs(text []byte) {
	if rest, ok := bytes.CutPrefix(text, []byte("$q")); ok {
		t.requestSetting(string(rest))
	} else if rest, ok := bytes.CutPrefix(text, []byte("+q")); ok {
		t.requestCapabilities(rest)
	}
}

// requestSetting does DECRQSS.
func (t *Terminal) requestSetting(what string) {
	var v string
	switch what {
	case "m":
		v = string(sgrText(nil, t.pen, t.ul))
	case "r":
		v = fmt.Sprintf("%d;%d", t.top+1, t.bottom)
	case "s":
		v = fmt.Sprintf("%d;%d", t.left+1, t.right)
	case " q":
		n := 2*int(t.cursor) + 2
		if t.modeState(modeBlink) == 1 {
			n--
		}
		v = strconv.Itoa(n)
	case `"q`:
		v = "0"
		if t.pen.attr&Protected != 0 && t.protect == decProtected {
			v = "1"
		}
	case `"p`:
		c1 := 1
		if t.eightBit {
			c1 = 0
		}
		v = fmt.Sprintf("%d;%d", t.level, c1)
	case "*x":
		v = strconv.Itoa(t.extent)
	case "t", "*|":
		v = strconv.Itoa(t.rows)
	case "$|":
		v = strconv.Itoa(t.columns)
	case "$}", "$~":
		v = "0"
	default:
		t.replyDCS("0$r")
		return
	}
	t.replyDCS("1$r" + v + what)
}

const (
	// maxCapabilities bounds the names of one XTGETTCAP.
	maxCapabilities = 64
	// maxCapability is how many digits a name has that is answered: terminfo's names
	// are far shorter.
	maxCapability = 128
)

// requestCapabilities does XTGETTCAP: names in hexadecimal, each answered by itself.
func (t *Terminal) requestCapabilities(names []byte) {
	for range maxCapabilities {
		if len(names) == 0 {
			return
		}
		var coded []byte
		coded, names, _ = bytes.Cut(names, []byte{';'})
		name, err := hex.AppendDecode(nil, coded)
		v, ok := capabilities[string(name)]
		if err != nil || len(coded) > maxCapability {
			// What is no name is not sent back: the answer comes in as if it was typed,
			// and would be words of the program's choice.
			t.replyDCS("0+r")
			continue
		}
		if !ok {
			t.replyDCS("0+r" + string(coded))
			continue
		}
		if v == "" {
			t.replyDCS(fmt.Sprintf("1+r%X", name))
		} else {
			t.replyDCS(fmt.Sprintf("1+r%X=%X", name, v))
		}
	}
}

// capabilities are the values of the terminfo entry, by the names of terminfo and of
// termcap. A flag is "".
var capabilities = map[string]string{
	"TN": "hearth", "name": "hearth",
	"Co": "256", "colors": "256",
	"RGB": "8", "Tc": "", "Su": "", "XT": "", "fullkbd": "", "bce": "", "ut": "", "am": "", "xn": "", "xenl": "",
	"Ss": "\x1b[%p1%d q", "Se": "\x1b[2 q",
	"Ms":    "\x1b]52;%p1%s;%p2%s\x07",
	"Smulx": "\x1b[4:%p1%dm", "Smol": "\x1b[53m", "Rmol": "\x1b[55m",
	"Setulc":  "\x1b[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm",
	"Sync":    "\x1b[?2026%?%p1%{1}%-%tl%eh%;",
	"setrgbf": "\x1b[38:2:%p1%d:%p2%d:%p3%dm", "setrgbb": "\x1b[48:2:%p1%d:%p2%d:%p3%dm",
	"BE": "\x1b[?2004h", "BD": "\x1b[?2004l", "PS": "\x1b[200~", "PE": "\x1b[201~",
	"fe": "\x1b[?1004h", "fd": "\x1b[?1004l", "kxIN": "\x1b[I", "kxOUT": "\x1b[O",
	"smcup": "\x1b[?1049h\x1b[22;0;0t", "ti": "\x1b[?1049h\x1b[22;0;0t",
	"rmcup": "\x1b[?1049l\x1b[23;0;0t", "te": "\x1b[?1049l\x1b[23;0;0t",
	"cup": "\x1b[%i%p1%d;%p2%dH", "cm": "\x1b[%i%p1%d;%p2%dH",
	"ku": "\x1bOA", "kcuu1": "\x1bOA", "kd": "\x1bOB", "kcud1": "\x1bOB",
	"kr": "\x1bOC", "kcuf1": "\x1bOC", "kl": "\x1bOD", "kcub1": "\x1bOD",
	"kh": "\x1bOH", "khome": "\x1bOH", "@7": "\x1bOF", "kend": "\x1bOF",
	"kI": "\x1b[2~", "kich1": "\x1b[2~", "kD": "\x1b[3~", "kdch1": "\x1b[3~",
	"kP": "\x1b[5~", "kpp": "\x1b[5~", "kN": "\x1b[6~", "knp": "\x1b[6~",
	"kB": "\x1b[Z", "kcbt": "\x1b[Z", "kb": "\x7f", "kbs": "\x7f",
	"k1": "\x1bOP", "kf1": "\x1bOP", "k2": "\x1bOQ", "kf2": "\x1bOQ",
	"k3": "\x1bOR", "kf3": "\x1bOR", "k4": "\x1bOS", "kf4": "\x1bOS",
	"k5": "\x1b[15~", "kf5": "\x1b[15~", "k6": "\x1b[17~", "kf6": "\x1b[17~",
	"k7": "\x1b[18~", "kf7": "\x1b[18~", "k8": "\x1b[19~", "kf8": "\x1b[19~",
	"k9": "\x1b[20~", "kf9": "\x1b[20~", "k;": "\x1b[21~", "kf10": "\x1b[21~",
	"F1": "\x1b[23~", "kf11": "\x1b[23~", "F2": "\x1b[24~", "kf12": "\x1b[24~",
}
