package main

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// inside works in a space from within: a client shows a world of its own, where a
// terminal floats, and what is typed there changes what is seen.
func (s *stage) inside() error {
	s.title("Work from inside")
	film := s.path("film")
	err := s.launch(&s.screen, "hearth-client", "--world", s.path("mine"), "--headless", "--shell", "sh",
		"--size", "960x540", "--capture", film, "--frames", "1000000", "--fps", "2", "--log-level", "warn")
	if err != nil {
		return err
	}
	s.say("A client shows a world of its own. In it floats a terminal, with a shell of this machine.")
	const green = `{"Tell":{"name":"world/cube","message":{"Tint":[0.2,0.9,0.3,1]}}}`
	for _, x := range []struct{ command, says string }{
		{"", `^[#$]`}, // root has another prompt
		{"export PS1='$ '; clear", `^\$$`},
		{"hearth-ctl ps | cut -f 1-3", `(?s:yes.*\n\$$)`},
		{"hearth-ctl send hearth.space.Scene --wait '" + green + "'", `{"Ok":null}`},
	} {
		if x.command != "" {
			if _, err := s.inTerminal("type", x.command, "--enter"); err != nil {
				return err
			}
		}
		if _, err := s.inTerminal("wait", "--for", x.says, "--timeout", "50s"); err != nil {
			return err
		}
	}
	text, err := s.inTerminal("text")
	if err != nil {
		return err
	}
	s.say("A script types there what a person would, and it shows:")
	for line := range strings.Lines(strings.TrimSpace(text)) {
		s.say("    %s", strings.TrimRight(line, "\n"))
	}
	picture := filepath.Join(s.bin, "inside.png")
	if err := s.lastFrame(film, picture); err != nil {
		return err
	}
	s.say("The picture shows the terminal, and the cube that it turned green.")
	s.pictures = append(s.pictures, picture)
	return nil
}

// inTerminal runs hearth-ctl terminal on the terminal of the client's world.
func (s *stage) inTerminal(what string, args ...string) (string, error) {
	return s.ctl(s.path("mine"), append([]string{"terminal", what, "world"}, args...)...)
}

// lastFrame waits for a frame that shows what was done, and keeps it as a file.
func (s *stage) lastFrame(film, file string) error {
	var why error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		frames, err := filepath.Glob(filepath.Join(film, "*.png"))
		if err != nil || len(frames) < 2 {
			continue
		}
		last := frames[len(frames)-2] // the one behind it may be half written
		m, err := readPicture(last)
		if err != nil {
			return err
		}
		if why = checkInside(m); why == nil {
			b, err := os.ReadFile(last)
			if err != nil {
				return err
			}
			return os.WriteFile(file, b, 0o644)
		}
	}
	return fmt.Errorf("no picture shows it: %w", why)
}

func readPicture(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// checkInside wants light letters where the terminal is, and a green cube.
func checkInside(m image.Image) error {
	var letters, green int
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := m.At(x, y).RGBA()
			r, g, bl = r>>8, g>>8, bl>>8
			switch {
			case x < b.Dx()*2/5 && y < b.Dy()*2/5 && min(r, g, bl) > 160:
				letters++
			case x > b.Dx()/2 && y > b.Dy()/2 && g > 100 && g > 3*r/2 && g > 3*bl/2:
				green++
			}
		}
	}
	if letters < 200 || green < 2000 {
		return fmt.Errorf("%d pixels are as light as letters, and %d as green as the cube", letters, green)
	}
	return nil
}
