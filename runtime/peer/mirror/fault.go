package mirror

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"unicode"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/store"
)

// fault is an error on its way over the stream: what the other side can be told
// by kind is the same error again there.
type fault struct {
	Kind   string    `cbor:"kind"`
	Text   string    `cbor:"text"`
	Root   string    `cbor:"root"`
	New    lumps.CID `cbor:"new"`
	Old    lumps.CID `cbor:"old"`
	Common lumps.CID `cbor:"common"`
	Seq    uint64    `cbor:"seq"`
	Oldest int       `cbor:"oldest"`
	Newest int       `cbor:"newest"`
}

const (
	faultDiverged = "diverged"
	faultSpace    = "other-space"
	faultRoot     = "root"
	faultVersion  = "version"
	faultFailed   = "failed"
)

// faultKinds are the errors that are told by kind alone. Their order matters
// where one wraps another.
var faultKinds = []struct {
	kind string
	err  error
}{
	{"read-only", ErrReadOnly},
	{"no-snapshot", ErrNoSnapshot},
	{"busy", ErrBusy},
	{"name", ErrBadName},
	{"reserved", ErrReserved},
	{"no-root", ErrNoRoot},
	{"incomplete", ErrIncomplete},
	{"unsound", space.ErrUnsound},
	{"no-space", ErrNoSpace},
	{"stalled", ErrStalled},
	{"request", ErrRequest},
	{"ran", space.ErrRan},
	{"canceled", context.Canceled},
	{"closed", store.ErrClosed},
	{"unknown", ErrUnknown},
}

// faultOf is an error as the receiver of a push tells it. Ours and theirs change
// places on the way.
func faultOf(err error) fault {
	f := fault{Kind: faultFailed, Text: err.Error()}
	var diverged *DivergedError
	var other *OtherSpaceError
	var root *RootError
	var version *VersionError
	switch {
	case errors.As(err, &diverged):
		f.Kind, f.Root, f.New, f.Old, f.Common, f.Seq = faultDiverged, diverged.Root, diverged.Theirs, diverged.Ours, diverged.Common, diverged.Seq
	case errors.As(err, &other):
		f.Kind, f.Root, f.New, f.Old = faultSpace, other.Root, other.New, other.Old
	case errors.As(err, &root):
		f.Kind, f.Root, f.New, f.Old = faultRoot, root.Root, root.New, root.Old
	case errors.As(err, &version):
		f.Kind, f.Oldest, f.Newest = faultVersion, version.Ours, version.Ours
	default:
		for _, k := range faultKinds {
			if errors.Is(err, k.err) {
				f.Kind = k.kind
				break
			}
		}
	}
	f.Text = plain(f.Text)
	return f
}

// err is the error again. What another side says is shown, but cannot pass for
// more than text.
func (f *fault) err() error {
	text := plain(f.Text)
	root := plain(f.Root)
	switch f.Kind {
	case faultDiverged:
		return &DivergedError{Root: root, Ours: f.New, Theirs: f.Old, Common: f.Common, Seq: f.Seq}
	case faultSpace:
		return &OtherSpaceError{Root: root, New: f.New, Old: f.Old}
	case faultRoot:
		return &RootError{Root: root, New: f.New, Old: f.Old}
	case faultVersion:
		return &VersionError{Ours: Version, Oldest: f.Oldest, Newest: f.Newest}
	}
	for _, k := range faultKinds {
		if f.Kind == k.kind {
			return &RemoteError{Text: text, kind: k.err}
		}
	}
	if text == "" {
		text = "it failed and did not say why"
	}
	return &RemoteError{Text: text}
}

// plain makes a text of another side one line of bounded length.
func plain(s string) string {
	if len(s) > maxFault {
		s = s[:maxFault]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// named gives errors of the layers below the meaning that they have here.
func named(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return errors.Join(ErrNoSpace, err)
	}
	return err
}
