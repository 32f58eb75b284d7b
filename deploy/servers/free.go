package servers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports of FreeAddress lie outside the range from which the system gives
// connections and listeners theirs (Linux: from 32768 on), so that a server
// that is started a little later, or anew, finds its port free.
const (
	firstPort = 20_000
	lastPort  = 32_000
)

// FreeAddress returns a loopback address that nobody listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	ports, err := freePorts(1)
	must(t, err)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
}

// freePorts finds n loopback ports that nobody listens on now.
func freePorts(n int) ([]int, error) {
	var ports []int
	for tries := 0; len(ports) < n; tries++ {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			if tries < 1000 {
				continue
			}
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		// Closed after all are found, so that they differ.
		defer func() { _ = listener.Close() }()
		ports = append(ports, port)
	}
	return ports, nil
}
