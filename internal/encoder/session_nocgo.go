//go:build !cgo

package encoder

// session is that of a program built without cgo: there is none.
type session struct{}

func openSession(string, []byte) (*session, []port, error) { return nil, nil, ErrNoCgo }
func (*session) bind([]string, string) error               { return ErrNoCgo }
func (*session) run(*batch) error                          { return ErrNoCgo }
func (*session) close() error                              { return nil }
