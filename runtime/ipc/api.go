package ipc

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"hearth/lumps"
)

// Info asks who answers.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var i Info
	return i, c.Call(ctx, "world.info", nil, &i)
}

// PutLump stores what r yields. With root it becomes a root of the space.
func (c *Client) PutLump(ctx context.Context, r io.Reader, root bool) (Lump, error) {
	var l Lump
	err := c.Upload(ctx, "lump.put", putParams{Root: root}, r, &l)
	return l, err
}

// PublishLump stores what r yields as a root of the space that every peer may load.
func (c *Client) PublishLump(ctx context.Context, r io.Reader) (Lump, error) {
	var l Lump
	err := c.Upload(ctx, "lump.put", putParams{Public: true}, r, &l)
	return l, err
}

// GetLump writes the bytes of a lump to w.
func (c *Client) GetLump(ctx context.Context, cid lumps.CID, w io.Writer) error {
	return c.download(ctx, "lump.get", cidParams{cid}, w, nil)
}

// download writes the bytes that come as items.
func (c *Client) download(ctx context.Context, method string, params any, w io.Writer, result any) error {
	return c.Stream(ctx, method, params, func(raw []byte) error {
		var data []byte
		err := eachMember(raw, func(key, value []byte) (err error) {
			if string(key) == "data" {
				data, err = decodeBytes(value)
			}
			return err
		})
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}, result)
}

// StatLump describes a lump.
func (c *Client) StatLump(ctx context.Context, cid lumps.CID) (Lump, error) {
	var l Lump
	err := c.Call(ctx, "lump.stat", cidParams{cid}, &l)
	return l, err
}

// Lumps calls f for every lump.
func (c *Client) Lumps(ctx context.Context, f func(Lump) error) error {
	return each(ctx, c, "lump.list", nil, f, nil)
}

// Block returns one block.
func (c *Client) Block(ctx context.Context, cid lumps.CID) ([]byte, error) {
	var p piece
	err := c.Call(ctx, "block.get", cidParams{cid}, &p)
	return p.Data, err
}

// Spawn starts a process.
func (c *Client) Spawn(ctx context.Context, p SpawnParams) (uint64, error) {
	var s Spawned
	err := c.Call(ctx, "process.spawn", p, &s)
	return s.PID, err
}

// Processes calls f for every living process.
func (c *Client) Processes(ctx context.Context, f func(Process) error) error {
	return each(ctx, c, "process.list", nil, f, nil)
}

// Kill ends a process.
func (c *Client) Kill(ctx context.Context, pid uint64) error {
	return c.Call(ctx, "process.kill", pidParams{pid}, nil)
}

// Tail calls f for the lines that a process wrote.
func (c *Client) Tail(ctx context.Context, p TailParams, f func(LogLine) error) error {
	return each(ctx, c, "process.tail", p, f, nil)
}

// Services calls f for every bound name.
func (c *Client) Services(ctx context.Context, f func(Service) error) error {
	return each(ctx, c, "service.list", nil, f, nil)
}

// Send sends a message. To a durable process it is on disk when Send returns.
func (c *Client) Send(ctx context.Context, p SendParams) (Sent, error) {
	var s Sent
	if p.Wait && p.Timeout == 0 {
		if d, ok := ctx.Deadline(); ok {
			p.Timeout = max(1, time.Until(d).Milliseconds())
		}
	}
	err := c.Call(ctx, "send", p, &s)
	return s, err
}

// Snapshot takes a snapshot of the space.
func (c *Client) Snapshot(ctx context.Context, text string) (Snapshot, error) {
	var s Snapshot
	err := c.Call(ctx, "snapshot", snapshotParams{text}, &s)
	return s, err
}

// History calls f for every snapshot, newest first.
func (c *Client) History(ctx context.Context, f func(Snapshot) error) error {
	return each(ctx, c, "history", nil, f, nil)
}

// Journal calls f for every event.
func (c *Client) Journal(ctx context.Context, p JournalParams, f func(Event) error) error {
	return each(ctx, c, "journal", p, f, nil)
}

// Check verifies the world and calls f for every fault.
func (c *Client) Check(ctx context.Context, p CheckParams, f func(Fault) error) (Checked, error) {
	var ch Checked
	err := each(ctx, c, "check", p, f, &ch)
	return ch, err
}

// Backup writes an archive of a snapshot to w; the zero CID is the state now.
func (c *Client) Backup(ctx context.Context, at lumps.CID, w io.Writer) (Backup, error) {
	var b Backup
	err := c.download(ctx, "backup", backupParams{at}, w, &b)
	return b, err
}

// Replay executes the journal from its beginning to an event; 0 is the last.
func (c *Client) Replay(ctx context.Context, to uint64) (Replayed, error) {
	var r Replayed
	err := c.Call(ctx, "replay", replayParams{to}, &r)
	return r, err
}

// CopyWorld makes a world in the folder into, an absolute path, that ends at an
// event of this one and lives on from there.
func (c *Client) CopyWorld(ctx context.Context, to uint64, into string) error {
	return c.Call(ctx, "world.copy", copyParams{to, into}, nil)
}

// State returns the state as it is now.
func (c *Client) State(ctx context.Context) (Replayed, error) {
	var r Replayed
	err := c.Call(ctx, "state", nil, &r)
	return r, err
}

// each decodes the items of a call.
func each[T any](ctx context.Context, c *Client, method string, params any, f func(T) error, result any) error {
	return c.Stream(ctx, method, params, func(raw []byte) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		return f(v)
	}, result)
}
