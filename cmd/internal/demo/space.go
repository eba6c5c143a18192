package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"hearth/fixtures/space"
)

// space starts a world that can be seen, changes it, kills its server, and has a client
// take a picture of what is there afterwards.
func (s *stage) space() error {
	s.title("A space to see")
	module := s.path("space.wasm")
	if err := os.WriteFile(module, space.Module(), 0o644); err != nil {
		return err
	}
	world := s.path("space")
	if err := s.serve(&s.third, world, "--init", module, "--listen", "127.0.0.1:0"); err != nil {
		return err
	}
	s.say("A third server begins with the starting world: guests in Rust, fixtures/space.")
	names, err := s.things(world)
	if err != nil {
		return err
	}
	s.say("They put %d things into the scene: %s, ...", len(names), strings.Join(names[:4], ", "))
	tell := `{"Tell":{"name":"world/cube","message":{"Tint":[1,0.3,0.1,1]}}}`
	got, err := s.ctl(world, "send", "hearth.space.Scene", tell, "--wait")
	if err != nil {
		return err
	}
	s.say("The cube is told to become orange: %s", got)
	if err := want("the answer of the scene", got, `{"Ok":null}`); err != nil {
		return err
	}
	s.third.kill(syscall.SIGKILL)
	if err := s.serve(&s.third, world, "--listen", "127.0.0.1:0"); err != nil {
		return err
	}
	s.say("The server is killed, and started again. What is there to see is there.")
	link, err := s.invitation(world)
	if err != nil {
		return err
	}
	picture := filepath.Join(s.bin, "space.png")
	began := time.Now()
	out, err := s.client("--world", s.path("viewer"), "--connect", "@"+link, "--headless", "--size", "960x540",
		"--capture", picture, "--camera", "-1.2,1.9,4.6", "--look-at", "0,1.5,-2")
	if err != nil {
		return fmt.Errorf("hearth-client: %w: %s", err, out)
	}
	if err := checkPicture(picture); err != nil {
		return err
	}
	s.say("A client joins, fetches what the scene names, and draws it, %.1f s later.", time.Since(began).Seconds())
	s.pictures = append(s.pictures, picture)
	return s.window(link)
}

// things asks the scene what there is, until the world is built.
func (s *stage) things(world string) ([]string, error) {
	var answer struct{ Ok []string }
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		out, err := s.ctl(world, "send", "hearth.space.Scene", `"List"`, "--wait")
		if err == nil {
			if err := json.Unmarshal([]byte(out), &answer); err != nil {
				return nil, err
			}
			if len(answer.Ok) > 20 {
				return answer.Ok, nil
			}
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("the starting world is not there: %v", err)
		}
	}
}

// invitation writes a link into a file, and returns the file.
func (s *stage) invitation(world string) (string, error) {
	out, err := s.ctl(world, "invite", "visitor", "--json")
	if err != nil {
		return "", err
	}
	var v struct{ Links []string }
	if err := json.Unmarshal([]byte(out), &v); err != nil || len(v.Links) == 0 {
		return "", fmt.Errorf("the invitation has no link: %s", out)
	}
	file := s.path("visitor")
	return file, os.WriteFile(file, []byte(v.Links[0]+"\n"), 0o600)
}

// screenEnv is the demo's environment with what says how to draw.
func (s *stage) screenEnv() []string {
	env := s.env()
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "VK_") || name == "DISPLAY" || name == "XAUTHORITY" || name == "XDG_RUNTIME_DIR" {
			env = append(env, e)
		}
	}
	return env
}

// client runs hearth-client to its end.
func (s *stage) client(args ...string) (string, error) {
	cmd := exec.CommandContext(s.ctx, filepath.Join(s.bin, "hearth-client"), args...)
	cmd.Env = s.screenEnv()
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// checkPicture wants a picture with something on it: many colours, bright and dark.
func checkPicture(file string) error {
	m, err := readPicture(file)
	if err != nil {
		return err
	}
	colors := map[color.Color]bool{}
	darkest, brightest := uint8(255), uint8(0)
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += 3 {
		for x := b.Min.X; x < b.Max.X; x += 3 {
			c := m.At(x, y)
			colors[c] = true
			g := color.GrayModel.Convert(c).(color.Gray).Y
			darkest, brightest = min(darkest, g), max(brightest, g)
		}
	}
	if len(colors) < 1000 || brightest-darkest < 100 {
		return fmt.Errorf("%s shows little: %d colours, from %d to %d", file, len(colors), darkest, brightest)
	}
	return nil
}

// window opens one where there is somebody to see it, and waits until it is closed.
func (s *stage) window(link string) error {
	if os.Getenv("DISPLAY") == "" || !term.IsTerminal(int(os.Stdout.Fd())) {
		return nil
	}
	s.say("And in a window: WASD moves, the right mouse button looks around, a click on the cube changes it.")
	s.say("Close the window to go on.")
	if out, err := s.client("--world", s.path("viewer"), "--connect", "@"+link); err != nil && s.ctx.Err() == nil {
		s.say("There is no window here: %s", out)
	}
	return nil
}
