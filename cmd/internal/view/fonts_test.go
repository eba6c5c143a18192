package view

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hearth/cmd/internal/exit"
	"hearth/fixtures/fonts"
	"hearth/term/glyph"
)

// Files of fonts find their places by the styles that they say they have, in whatever
// order they are named; what cannot be read is one sentence.
func TestFonts(t *testing.T) {
	dir := t.TempDir()
	regular, bold, italic, both := fonts.Mononoki()
	book, _ := fonts.DejaVuSansMono()
	file := func(name string, data []byte) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	files := []string{file("bi.ttf", both), file("dejavu.ttf", book), file("b.ttf", bold), file("i.ttf", italic), file("r.ttf", regular), file("again.ttf", regular)}
	var faces []face
	for _, f := range files {
		more, err := readFont(f)
		if err != nil || len(more) != 1 {
			t.Fatalf("%s: %d faces, %v", f, len(more), err)
		}
		faces = append(faces, more...)
	}
	o := arrange(faces)
	if o.BoldItalic != faces[0].Face || o.Bold != faces[2].Face || o.Italic != faces[3].Face || o.Regular != faces[4].Face || !slices.Equal(o.Fallback, []*glyph.Face{faces[1].Face, faces[5].Face}) {
		t.Errorf("%+v", o)
	}
	if o := arrange(faces[2:3]); o.Regular != faces[2].Face || o.Bold != faces[2].Face {
		t.Errorf("a bold face alone: %+v", o)
	}
	if f, err := readFonts(files); f == nil || err != nil {
		t.Error(err)
	}
	if f, err := readFonts(nil); f != nil || err != nil {
		t.Errorf("without files: %v, %v", f, err)
	}
	for what, c := range map[string]struct {
		file string
		code int
	}{
		"no file": {filepath.Join(dir, "none"), 66}, "a folder": {dir, 64}, "an empty file": {file("empty", nil), 65}, "a text": {file("text", []byte("This is a text, and no font.")), 65},
		"half a font": {file("half.ttf", regular[:len(regular)/2]), 65},
	} {
		_, err := readFonts([]string{files[0], c.file})
		if exit.Code(err) != c.code || strings.Contains(exit.Sentence(err), "\n") {
			t.Errorf("%s: %v (exit code %d)", what, err, exit.Code(err))
		}
	}
}
