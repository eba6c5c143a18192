package peerbench

import (
	"context"

	"google.golang.org/grpc/metadata"
)

func metadataEcho(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "echo", "yes")
}

func wantsEcho(ctx context.Context) bool {
	md, _ := metadata.FromIncomingContext(ctx)
	return len(md.Get("echo")) > 0
}
