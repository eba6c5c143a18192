package model

import (
	"errors"
	"fmt"
)

var (
	// ErrUnknown reports bytes that are in no format that is read here.
	ErrUnknown = errors.New("this is neither glTF, GLB nor OBJ, nor a PNG, JPEG, WebP or Radiance HDR picture; convert it to one of them")
	// ErrRelative reports a file that needs a neighbour which a lump does not have.
	ErrRelative = errors.New("a lump has no neighbouring files; pack the file with hearth-ctl load-model")
	// ErrExtension reports a glTF file that cannot be shown without an extension
	// that is not read here.
	ErrExtension = errors.New("the file requires an extension that Hearth does not read; export it without")
)

// FormatError reports a file that is not what its format says, or has in it what
// is not read here.
type FormatError struct {
	Format string // "glTF", "OBJ", "PNG", ...
	Where  string // the part of the file: "accessors[3]", "line 12"; "" is the whole
	Err    error
}

func (e *FormatError) Error() string {
	if e.Where == "" {
		return fmt.Sprintf("%s: %v", e.Format, e.Err)
	}
	return fmt.Sprintf("%s, %s: %v", e.Format, e.Where, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }
