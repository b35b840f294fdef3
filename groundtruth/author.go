package groundtruth

import "context"

type authorKey struct{}

// By returns a context whose changes of a store are its author's.
func By(ctx context.Context, author string) context.Context {
	return context.WithValue(ctx, authorKey{}, author)
}

// Author is who makes changes under ctx; "" if nobody said.
func Author(ctx context.Context) string {
	name, _ := ctx.Value(authorKey{}).(string)
	return name
}
