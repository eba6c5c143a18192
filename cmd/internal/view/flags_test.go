package view

import (
	"errors"
	"testing"

	"github.com/spf13/pflag"

	"hearth/cmd/internal/exit"
)

// Without a window there is something to show only where pictures are asked for; what
// the flags say is what is done.
func TestOptions(t *testing.T) {
	dir := t.TempDir()
	parse := func(window bool, args ...string) (*Options, error) {
		var f Flags
		fl := pflag.NewFlagSet("x", pflag.ContinueOnError)
		f.Register(fl)
		if err := fl.Parse(args); err != nil {
			t.Fatal(err)
		}
		return f.Options(fl, window)
	}
	if o, err := parse(false); o != nil || err != nil {
		t.Errorf("nothing to show: %+v, %v", o, err)
	}
	if o, err := parse(true); err != nil || !o.Window || o.HasEye || o.Frames != 0 || o.Samples != 0 {
		t.Errorf("a window: %+v, %v", o, err)
	}
	o, err := parse(false, "--capture", dir+"/x.png", "--size", "64x36", "--camera", "1,2,3,90,0", "--fov", "90", "--samples", "8", "--device", "llvm", "--validate", "--overlay")
	if err != nil || o.Window || o.Frames != 1 || o.Width != 64 || o.Height != 36 || !o.HasEye || o.Eye.Position != [3]float32{1, 2, 3} ||
		o.VFov < 1.57 || o.VFov > 1.58 || o.Samples != 8 || o.Device != "llvm" || !o.Validate || !o.Overlay || o.RecordsToStdout() {
		t.Errorf("a capture: %+v, %v", o, err)
	}
	if o, err := parse(false, "--record", "-"); err != nil || !o.RecordsToStdout() || o.Record.format != "y4m" || o.Capture != nil {
		t.Errorf("a film: %+v, %v", o, err)
	}
	for path, format := range map[string]string{dir: "png", dir + "/new": "png", dir + "/x.y4m": "y4m", dir + "/x.rgba": "rgba", dir + "/x.mkv": "y4m"} {
		if o, err := parse(true, "--record", path); err != nil || o.Record.format != format {
			t.Errorf("--record %s: %+v, %v", path, o, err)
		}
	}
	for _, bad := range [][]string{
		{"--frames", "-1"}, {"--frames", "99999999999"}, {"--fps", "0"}, {"--fps", "1001"}, {"--timeout", "-1s"}, {"--samples", "5"}, {"--fov", "0"},
		{"--fov", "NaN"}, {"--fov", "171"}, {"--size", "0x0"}, {"--camera", "x"}, {"--look-at", "0,1.7,4"}, {"--format", "png"},
		{"--record", dir, "--format", "y4m"}, {"--record", dir + "/x.png", "--format", "png"},
	} {
		var usage *exit.UsageError
		if o, err := parse(true, bad...); !errors.As(err, &usage) {
			t.Errorf("%q: %+v, %v", bad, o, err)
		}
	}
	for _, c := range []struct {
		args []string
		code int
	}{{[]string{"--record", dir + "/no/x.y4m"}, 73}, {[]string{"--capture", dir + "/no/x.png"}, 73}} {
		if _, err := parse(false, c.args...); exit.Code(err) != c.code {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}
