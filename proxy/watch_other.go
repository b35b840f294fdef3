//go:build !unix

package proxy

import "net"

// hungUp cannot tell here; a client that has gone is noticed at the next write.
func hungUp(net.Conn) bool { return false }
