package view

import (
	"bytes"
	"fmt"
	"os"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"

	"hearth/cmd/internal/exit"
	"hearth/term/glyph"
)

// maxFont bounds the file of a font, in bytes, before it is read: the largest that are
// sold, with all the characters of China, have less.
const maxFont = 128 << 20

// face is a face with its style.
type face struct {
	*glyph.Face
	style glyph.Style
}

// readFonts makes a family of files: the first face is the usual one, those of the same
// name are its styles, and all that are left give what the others lack, with the fonts
// that the program brings behind them. nil where there are no files.
func readFonts(files []string) (*glyph.Family, error) {
	if len(files) == 0 {
		return nil, nil
	}
	var faces []face
	for _, file := range files {
		more, err := readFont(file)
		if err != nil {
			return nil, err
		}
		faces = append(faces, more...)
	}
	return glyph.NewFamily(arrange(faces)), nil
}

// readFont reads the faces of a file.
func readFont(file string) ([]face, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("--font: %w", err)
	}
	if !st.Mode().IsRegular() || st.Size() > maxFont {
		return nil, exit.Usagef("--font %s: a font is a file of at most %d MiB", file, maxFont>>20)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--font: %w", err)
	}
	all, err := glyph.Parse(data)
	if err == nil && len(all) == 0 {
		err = glyph.ErrFormat
	}
	if err != nil {
		return nil, &exit.DataError{Err: fmt.Errorf("--font %s: %w", file, err)}
	}
	styles := stylesOf(data, len(all))
	out := make([]face, len(all))
	for i, f := range all {
		out[i] = face{f, styles[i]}
	}
	return out, nil
}

// stylesOf are the styles of the faces of a file that has been read. A file that does
// not tell has the usual one.
func stylesOf(data []byte, n int) []glyph.Style {
	styles := make([]glyph.Style, n)
	loaders, err := opentype.NewLoaders(bytes.NewReader(data))
	if err != nil || len(loaders) != n {
		return styles
	}
	for i, l := range loaders {
		d, _ := font.Describe(l, nil)
		if d.Aspect.Weight >= font.WeightSemibold {
			styles[i] |= glyph.Bold
		}
		if d.Aspect.Style == font.StyleItalic {
			styles[i] |= glyph.Italic
		}
	}
	return styles
}

// arrange gives faces their places in a family.
func arrange(faces []face) (o glyph.FamilyOptions) {
	slots := map[glyph.Style]**glyph.Face{0: &o.Regular, glyph.Bold: &o.Bold, glyph.Italic: &o.Italic, glyph.Bold | glyph.Italic: &o.BoldItalic}
	for _, f := range faces {
		if slot := slots[f.style]; f.Name() == faces[0].Name() && *slot == nil {
			*slot = f.Face
		} else {
			o.Fallback = append(o.Fallback, f.Face)
		}
	}
	if o.Regular == nil {
		o.Regular = faces[0].Face
	}
	return o
}
