package webchat

import "net"

// readBuffer is how much of what a client sends ahead the system keeps for us:
// enough for an upload over a slow line, and no megabytes for each of a flood.
const readBuffer = 128 << 10

// socketBuffer is the same once a connection has become a socket, which
// carries frames and no files: who sends faster than it is read has to wait.
const socketBuffer = frameLimit

// thrifty is a listener whose connections take little memory of the system.
type thrifty struct{ net.Listener }

// Accept returns the next connection.
func (t thrifty) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err == nil {
		ahead(conn, readBuffer)
	}
	return conn, err
}

// ahead bounds what the system keeps of what a client sends ahead, in bytes.
func ahead(conn net.Conn, bytes int) {
	for {
		wrapped, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(bytes)
	}
}
