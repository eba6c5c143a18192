package ipc

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/car"
	"hearth/runtime"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/trust"
	"hearth/store"
)

var (
	// ErrNoServer reports that no server answers, or that what was asked needs a
	// live process and the world is stopped.
	ErrNoServer = errors.New("no server runs on this world; start one with hearth-server")
	// ErrLineTooLong reports a frame over MaxLine.
	ErrLineTooLong = errors.New("a frame is longer than 2 MiB; send larger content as a lump")
	// ErrCalls reports a connection at its limit of open calls.
	ErrCalls = errors.New("too many calls are open on this connection; wait for some to end")
	// ErrConnections reports a server at its limit of connections.
	ErrConnections = errors.New("the server has too many connections; try again later")
	// ErrUsage reports params that make no sense. It is wrapped with why.
	ErrUsage = errors.New("bad request")
	// ErrNoMethod reports a method that the server does not have.
	ErrNoMethod = errors.New("no such method")
	// ErrPermission reports a peer of another user.
	ErrPermission = errors.New("this socket serves only the user that runs the server")
	// ErrDamaged stands at the client for damage that was found: in the store, the
	// journal or a state.
	ErrDamaged = errors.New("the data are damaged")
	// ErrNewer reports data of a newer version.
	ErrNewer = errors.New("the data are of a newer version")
	// ErrStateDiffers reports a replay that came to another state than running did.
	ErrStateDiffers = errors.New("the replay came to another state than running did")
	// ErrNoSnapshot reports a world without the snapshot that was asked for.
	ErrNoSnapshot = errors.New("no such snapshot")
	// ErrLost reports a connection that ended while a call was open.
	ErrLost = errors.New("the connection to the server was lost")
	// ErrInternal stands at the client for a fault that has no kind of its own.
	ErrInternal = errors.New("the server met a fault")
)

// Exit codes of sysexits.h, and what a shell expects of an interrupt.
const (
	ExitUsage       = 64
	ExitData        = 65
	ExitNoInput     = 66
	ExitUnavailable = 69
	ExitCreate      = 73
	ExitIO          = 74
	ExitTemporary   = 75
	ExitProtocol    = 76
	ExitPermission  = 77
	ExitInterrupted = 130
)

// Kind is a class of errors: a name that is stable on the wire, the code that a
// command ends with, and the sentinel that the error is at the client.
type Kind struct {
	Name     string
	Exit     int
	sentinel error
	also     []error
	as       func(error) bool
}

func (k *Kind) matches(err error) bool {
	if errors.Is(err, k.sentinel) || k.as != nil && k.as(err) {
		return true
	}
	for _, a := range k.also {
		if errors.Is(err, a) {
			return true
		}
	}
	return false
}

func is[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// kinds is in the order in which an error is tried: what says most stands first.
var kinds = slices.Concat(peerKinds, []Kind{
	{Name: "no-space", Exit: ExitIO, sentinel: syscall.ENOSPC, also: []error{syscall.EDQUOT, mirror.ErrNoSpace}},
	{Name: "no-process", Exit: ExitNoInput, sentinel: runtime.ErrNoProcess},
	{Name: "no-service", Exit: ExitNoInput, sentinel: runtime.ErrNoService},
	{Name: "busy", Exit: ExitTemporary, sentinel: runtime.ErrBusy},
	{Name: "too-large", Exit: ExitData, sentinel: runtime.ErrTooLarge, also: []error{store.ErrTooLarge, journal.ErrTooLarge}},
	{Name: "blocking-module", Exit: ExitData, sentinel: runtime.ErrBlocking},
	{Name: "bad-module", Exit: ExitData, sentinel: runtime.ErrBadModule},
	{Name: "no-reply", Exit: ExitTemporary, sentinel: runtime.ErrNoReply},
	{Name: "duplicate", Exit: ExitTemporary, sentinel: runtime.ErrDuplicate},
	{Name: "not-durable", Exit: ExitUnavailable, sentinel: runtime.ErrNotDurable},
	{Name: "stopped", Exit: ExitUnavailable, sentinel: runtime.ErrStopped, also: []error{store.ErrClosed, journal.ErrClosed}},
	{Name: "no-server", Exit: ExitUnavailable, sentinel: ErrNoServer},
	{Name: "line-too-long", Exit: ExitData, sentinel: ErrLineTooLong},
	{Name: "too-many-calls", Exit: ExitTemporary, sentinel: ErrCalls},
	{Name: "too-many-connections", Exit: ExitTemporary, sentinel: ErrConnections},
	{Name: "lost", Exit: ExitUnavailable, sentinel: ErrLost},
	{Name: "bad-cid", Exit: ExitData, sentinel: lumps.ErrBadCID, also: []error{lumps.ErrUnsupported}},
	{Name: "not-a-file", Exit: ExitData, sentinel: lumps.ErrNotFile},
	{Name: "no-snapshot", Exit: ExitNoInput, sentinel: ErrNoSnapshot, also: []error{mirror.ErrNoSnapshot, mirror.ErrUnknown}},
	{Name: "newer", Exit: ExitData, sentinel: ErrNewer, also: []error{trust.ErrNewer, secure.ErrForeignKeys}, as: func(err error) bool {
		return is[*space.FormatError](err) || is[*journal.VersionError](err)
	}},
	{Name: "mismatch", Exit: ExitData, sentinel: ErrStateDiffers, as: is[*space.MismatchError]},
	{Name: "damaged", Exit: ExitData, sentinel: ErrDamaged, also: []error{space.ErrBadState, space.ErrBadEvent, secure.ErrKeys}, as: func(err error) bool {
		return is[*trust.DamagedError](err) || is[*store.CorruptError](err) || is[*store.MismatchError](err) || is[*journal.DamageError](err) || is[*lumps.FormatError](err) || is[*car.Error](err)
	}},
	{Name: "not-a-backup", Exit: ExitData, sentinel: space.ErrNotBackup},
	{Name: "not-found", Exit: ExitNoInput, sentinel: store.ErrNotFound},
	{Name: "no-event", Exit: ExitNoInput, sentinel: journal.ErrNotFound},
	{Name: "failed", Exit: ExitIO, sentinel: store.ErrFailed, also: []error{journal.ErrFailed}},
	{Name: "locked", Exit: ExitTemporary, sentinel: journal.ErrLocked, also: []error{trust.ErrLocked}},
	{Name: "usage", Exit: ExitUsage, sentinel: ErrUsage, also: []error{store.ErrBadName}},
	{Name: "no-method", Exit: ExitUsage, sentinel: ErrNoMethod},
	{Name: "remote", Exit: ExitUnavailable, sentinel: ErrRemote, as: is[*mirror.RemoteError]},
	{Name: "timeout", Exit: ExitTemporary, sentinel: context.DeadlineExceeded},
	{Name: "canceled", Exit: ExitInterrupted, sentinel: context.Canceled},
	{Name: "permission", Exit: ExitPermission, sentinel: ErrPermission, also: []error{fs.ErrPermission, syscall.EROFS}, as: is[*trust.ModeError]},
	{Name: "no-file", Exit: ExitNoInput, sentinel: fs.ErrNotExist},
	{Name: "exists", Exit: ExitCreate, sentinel: fs.ErrExist},
	{Name: "io", Exit: ExitIO, sentinel: syscall.EIO},
	{Name: "internal", Exit: ExitIO, sentinel: ErrInternal},
})

// KindOf classifies an error. What no kind knows is internal.
func KindOf(err error) *Kind {
	for i := range kinds {
		if kinds[i].matches(err) {
			return &kinds[i]
		}
	}
	return &kinds[len(kinds)-1]
}

// Error is an error as it came over a socket: the sentence of the server, and the
// sentinel of its kind underneath.
type Error struct {
	Kind    string
	Exit    int
	Message string
	// Key is the key id that the error is about: of an unknown server.
	Key string
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error {
	for i := range kinds {
		if kinds[i].Name == e.Kind {
			return kinds[i].sentinel
		}
	}
	return ErrInternal
}

// Codes of JSON-RPC 2.0.
const (
	codeParse     = -32700
	codeRequest   = -32600
	codeNoMethod  = -32601
	codeBadParams = -32602
	codeServer    = -32000
)

type wireError struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Data    errorData `json:"data"`
}

type errorData struct {
	Kind string `json:"kind"`
	Exit int    `json:"exit"`
	Key  string `json:"key,omitempty"`
}

// appendError appends the response that carries err.
func appendError(b, id []byte, code int, err error) []byte {
	k := KindOf(err)
	w := wireError{Code: code, Message: err.Error(), Data: errorData{Kind: k.Name, Exit: k.Exit, Key: KeyOf(err)}}
	var remote *Error
	if errors.As(err, &remote) {
		w.Data.Kind, w.Data.Exit = remote.Kind, remote.Exit
	}
	body, merr := json.Marshal(w)
	if merr != nil {
		body = []byte(`{"code":-32000,"message":"the server met a fault","data":{"kind":"internal","exit":74}}`)
	}
	if id == nil {
		id = []byte("null")
	}
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, id...)
	b = append(b, `,"error":`...)
	b = append(b, body...)
	return append(b, "}\n"...)
}

func parseError(raw []byte) error {
	var w wireError
	if err := json.Unmarshal(raw, &w); err != nil {
		return &Error{Kind: "internal", Exit: ExitIO, Message: "the server answered with an error that cannot be read"}
	}
	if w.Data.Kind == "" {
		w.Data = errorData{Kind: "internal", Exit: ExitIO}
	}
	return &Error{Kind: w.Data.Kind, Exit: w.Data.Exit, Message: w.Message, Key: w.Data.Key}
}
