package email

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"contactd/channels/email/imap"
)

// withPort is the address of a server, host or host:port, with the port where
// TLS comes first or the other one when it names none. None stays none.
func withPort(address string, security imap.Security, first, later string) string {
	if _, _, err := net.SplitHostPort(address); err == nil || address == "" {
		return address
	}
	if security != imap.Implicit {
		first = later
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), first)
}

// hostOf is the host of an address that has its port, or what is wrong with it.
func hostOf(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if number, convErr := strconv.Atoi(port); err != nil || host == "" || convErr != nil || number < 1 || number > 65535 {
		return host, errors.New("want host or host:port")
	}
	return host, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
