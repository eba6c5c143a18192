package view

import (
	"hearth/vk/service"
	"hearth/vk/window"
)

// told is an event of the window as guests hear of it; nil is none of theirs.
func told(e window.Event) service.Event {
	switch e := e.(type) {
	case window.Key:
		return service.KeyboardInput{Scancode: uint32(max(e.Scancode, 0)), Pressed: e.Pressed, Key: e.Name, Synthetic: e.Synthetic}
	case window.Character:
		return service.ReceivedCharacter{Char: e.Rune}
	case window.ModifiersChanged:
		return service.ModifiersChanged{Bits: uint32(e.Modifiers)}
	case window.CursorMoved:
		return service.CursorMoved{X: e.X, Y: e.Y}
	case window.CursorEntered:
		return service.CursorEntered{}
	case window.CursorLeft:
		return service.CursorLeft{}
	case window.Motion:
		return service.MouseMotion{X: e.X, Y: e.Y}
	case window.Wheel:
		return service.MouseWheel{X: e.X, Y: e.Y}
	case window.Button:
		if e.Name == "Other" {
			return service.MouseInput{Number: uint16(e.Number), Pressed: e.Pressed}
		}
		return service.MouseInput{Button: e.Name, Pressed: e.Pressed}
	case window.Focused:
		return service.Focused{Focused: e.Focused}
	case window.Resized:
		return service.Resized{Width: uint32(e.Width), Height: uint32(e.Height)}
	case window.ScaleChanged:
		return service.ScaleFactorChanged{Factor: e.Scale, Width: uint32(e.Width), Height: uint32(e.Height)}
	}
	return nil
}
