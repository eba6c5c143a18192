package ipc

import (
	"time"

	"hearth/lumps"
)

// Info says who answers.
type Info struct {
	Program string `json:"program"`
	PID     int    `json:"pid"`
	World   string `json:"world"`
	Running bool   `json:"running"` // false: nobody executes the world, the client answers itself
	Head    uint64 `json:"head"`    // seq of the last event
}

// Lump describes a stored lump.
type Lump struct {
	CID    lumps.CID `json:"cid"`
	Size   int64     `json:"size"`
	Blocks int64     `json:"blocks"`
	Kind   string    `json:"kind"`
}

type putParams struct {
	Root   bool `json:"root"`             // set the root lumps/<CID>, which backups follow
	Public bool `json:"public,omitempty"` // set public/<CID> in its place, which every peer may load
}

type cidParams struct {
	CID lumps.CID `json:"cid"`
}

type piece struct {
	Data []byte `json:"data"`
}

type sizeResult struct {
	Size int64 `json:"size"`
}

// SpawnParams says what to run.
type SpawnParams struct {
	Module  lumps.CID `json:"module"`
	Durable bool      `json:"durable,omitempty"`
	Service string    `json:"service,omitempty"`
	Arg     []byte    `json:"arg,omitempty"`
	HasArg  bool      `json:"has_arg,omitempty"` // Arg is sent even where it is empty
	Key     string    `json:"key,omitempty"`     // the same key spawns once
	// Replace is the PID of a process whose place the new one takes: its service and
	// durability, where none are said. It is killed once the new one has its name, so
	// the name is bound all the while; what it was sent before, it still handles.
	Replace uint64 `json:"replace,omitempty"`
	// Fresh says that the module was put for this spawn: where it cannot run, the
	// catalogue forgets it again.
	Fresh bool `json:"fresh,omitempty"`
}

// Spawned is the answer.
type Spawned struct {
	PID uint64 `json:"pid"`
}

// Process is what ps shows.
type Process struct {
	PID     uint64    `json:"pid"`
	State   string    `json:"state"`
	Durable bool      `json:"durable"`
	Service string    `json:"service"`
	Parent  uint64    `json:"parent"`
	Module  lumps.CID `json:"module"`
	Fuel    uint64    `json:"fuel"`
	Memory  int64     `json:"memory"`
	Queue   int       `json:"queue"`
}

type pidParams struct {
	PID uint64 `json:"pid"`
}

// TailParams says whose lines.
type TailParams struct {
	PID    uint64 `json:"pid"`
	Lines  int    `json:"lines"`
	Follow bool   `json:"follow,omitempty"`
}

// LogLine is a line that a process wrote.
type LogLine struct {
	Time   time.Time `json:"time"`
	PID    uint64    `json:"pid"`
	Level  string    `json:"level"`
	Module string    `json:"module"`
	Text   string    `json:"text"`
}

// Service is a bound name.
type Service struct {
	Name   string `json:"name"`
	PID    uint64 `json:"pid"` // 0: a native service
	Native bool   `json:"native"`
}

// SendParams is a message to a process or a service.
type SendParams struct {
	PID     uint64      `json:"pid,omitempty"`
	Service string      `json:"service,omitempty"`
	Data    []byte      `json:"data"`
	Lumps   []lumps.CID `json:"lumps,omitempty"` // named by the message, and so granted
	Key     string      `json:"key,omitempty"`
	Wait    bool        `json:"wait,omitempty"`
	// Timeout bounds the wait, in milliseconds; 0 is DefaultTimeout.
	Timeout int64 `json:"timeout,omitempty"`
}

// DefaultTimeout is how long a sender waits that does not say.
const DefaultTimeout = 10 * time.Second

// Sent is the answer.
type Sent struct {
	Seq       uint64      `json:"seq,omitempty"` // of the event; 0 where the receiver is not durable
	Duplicate bool        `json:"duplicate,omitempty"`
	Replied   bool        `json:"replied,omitempty"`
	Reply     []byte      `json:"reply,omitempty"`
	Lumps     []lumps.CID `json:"lumps,omitempty"` // that the reply names
}

type snapshotParams struct {
	Text string `json:"text"`
}

// Snapshot is a snapshot of the space.
type Snapshot struct {
	CID    lumps.CID `json:"cid"`
	Parent lumps.CID `json:"parent"`
	State  lumps.CID `json:"state"`
	Seq    uint64    `json:"seq"`
	Time   time.Time `json:"time"`
	Text   string    `json:"text"`
}

// JournalParams says from where.
type JournalParams struct {
	From   uint64 `json:"from,omitempty"`
	Follow bool   `json:"follow,omitempty"`
}

// CheckParams says how deep.
type CheckParams struct {
	ReadData bool `json:"read_data,omitempty"`
}

// Fault is one thing that is wrong with a world.
type Fault struct {
	Fault string    `json:"fault"`
	Seq   uint64    `json:"seq,omitempty"` // the event that it is about
	CID   lumps.CID `json:"cid,omitzero"`  // the lump or block that it is about
}

// Checked says what was verified.
type Checked struct {
	Segments  int    `json:"segments"`
	Events    uint64 `json:"events"`
	Snapshots int    `json:"snapshots"`
	Processes int    `json:"processes"`
	Lumps     int64  `json:"lumps"`
	Blocks    int64  `json:"blocks"`
	Bytes     int64  `json:"bytes"` // read and verified
	Faults    int    `json:"faults"`
}

type backupParams struct {
	At lumps.CID `json:"at,omitzero"`
}

// Backup says what an archive holds.
type Backup struct {
	Snapshot lumps.CID `json:"snapshot"`
	Seq      uint64    `json:"seq"`
	Blocks   int64     `json:"blocks"`
	Bytes    int64     `json:"bytes"`
}

type replayParams struct {
	To uint64 `json:"to,omitempty"` // 0: the last event
}

// Replayed is where a replay came.
type Replayed struct {
	State lumps.CID `json:"state"`
	Seq   uint64    `json:"seq"`
	// Compared is the seq of the checkpoint whose state this is; 0 where running
	// took no snapshot at this place.
	Compared uint64 `json:"compared,omitempty"`
}

type copyParams struct {
	To   uint64 `json:"to"`
	Into string `json:"into"` // absolute path
}
