package want

import "context"

// Priority says which wants are served before which.
type Priority uint8

const (
	Background Priority = 0 // copies that nobody waits for
	Normal     Priority = 1
	Urgent     Priority = 2 // somebody looks at the place where the block is missing

	levels = 3

	// priorityRoom is how many wants of each higher priority find room where those
	// of the lower ones have filled the window or the queue.
	priorityRoom = 64
)

type priorityKey struct{}

// WithPriority returns a context under which Get and Has ask with priority p. The
// context that a Provider gets has that of the asker, so that a relay passes it on.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, min(p, Urgent))
}

func priorityOf(ctx context.Context) Priority {
	if p, ok := ctx.Value(priorityKey{}).(Priority); ok {
		return p
	}
	return Normal
}
