package view

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"hearth/cmd/internal/exit"
)

func TestParseSize(t *testing.T) {
	if w, h, err := ParseSize("640x360"); w != 640 || h != 360 || err != nil {
		t.Errorf("%d x %d, %v", w, h, err)
	}
	for _, bad := range []string{"", "640", "640x", "x360", "640x360x2", "0x1", "-1x5", "640 x 360", "16385x1", "99999999999999999999x1", "0640x360"} {
		var usage *exit.UsageError
		if w, h, err := ParseSize(bad); !errors.As(err, &usage) {
			t.Errorf("%q is %d x %d, %v", bad, w, h, err)
		}
	}
}

// Pictures go where they were to go, whole, and what cannot be written is said before
// anything is drawn.
func TestCapture(t *testing.T) {
	dir := t.TempDir()
	img := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	img.SetNRGBA(1, 1, color.NRGBA{10, 200, 30, 255})
	same := func(file string) {
		t.Helper()
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := png.Decode(f)
		if err != nil || got.Bounds() != img.Bounds() || color.NRGBAModel.Convert(got.At(1, 1)) != color.Color(img.NRGBAAt(1, 1)) {
			t.Errorf("%s: %v, %v", file, got, err)
		}
	}
	one := filepath.Join(dir, "one.png")
	c, err := newCapture(one)
	if err != nil || c.wants(0, 3) || !c.wants(2, 3) {
		t.Fatalf("%+v, %v", c, err)
	}
	for range 2 { // the second takes the place of the first
		if name, err := c.put(2, img); err != nil || name != one {
			t.Fatalf("%s, %v", name, err)
		}
	}
	same(one)
	if c, err := newCapture(filepath.Join(dir, "ONE.PNG")); err != nil || c.file == "" {
		t.Errorf("%+v, %v", c, err)
	}
	for _, folder := range []string{filepath.Join(dir, "new.d") + "/", filepath.Join(dir, "new"), dir} {
		c, err := newCapture(folder)
		if err != nil || !c.wants(0, 3) {
			t.Fatalf("%+v, %v", c, err)
		}
		if name, err := c.put(4, img); err != nil || name != filepath.Join(folder, "000005.png") {
			t.Fatalf("%s, %v", name, err)
		}
		same(filepath.Join(folder, "000005.png"))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".picture-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	letter := filepath.Join(dir, "letter")
	if err := os.WriteFile(letter, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for bad, want := range map[string]int{
		letter:                            64,
		filepath.Join(letter, "x.png"):    73,
		filepath.Join(dir, "no", "x.png"): 73,
		filepath.Join(dir, "no", "x"):     73,
		filepath.Join(dir, "x.jpg"):       64,
	} {
		if c, err := newCapture(bad); exit.Code(err) != want {
			t.Errorf("%s: %+v, %v (%d)", bad, c, err, exit.Code(err))
		}
	}
	if _, err := (&capture{dir: filepath.Join(dir, "gone")}).put(0, img); exit.Code(err) != 73 {
		t.Errorf("a folder that went away: %v", err)
	}
}
