// Package listen is about the addresses at which channels and cmd listen: what
// is wrong with one, which two cannot be had together, and what stands in the
// way of one. What is served there is left to its users.
package listen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// Check says what is wrong with an address, host:port.
func Check(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("want host:port, got %q", address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("want a port from 0 to 65535, got %q", port)
	}
	return nil
}

// Clash reports whether nobody can listen at both addresses. It asks no name
// server, so two names of one host are two hosts. An address that Check refuses
// clashes with none.
func Clash(one, other string) bool {
	host, port := apart(one)
	otherHost, otherPort := apart(other)
	return port != 0 && port == otherPort && (host == otherHost || host == everywhere || otherHost == everywhere)
}

// everywhere is the host of whoever listens at every address of the machine, of
// IPv4 and IPv6 alike, as package net understands 0.0.0.0 and :: too.
const everywhere = ""

// apart takes an address apart. The port is 0 for any that is free.
func apart(address string) (host string, port int) {
	host, name, _ := net.SplitHostPort(address)
	port, _ = net.LookupPort("tcp", name)
	if strings.EqualFold(host, "localhost") {
		host = "127.0.0.1" // which package net prefers
	}
	ip, err := netip.ParseAddr(host)
	switch ip = ip.Unmap(); {
	case err != nil:
		return strings.ToLower(host), port
	case ip.IsUnspecified():
		return everywhere, port
	}
	return ip.String(), port
}

// Open listens at an address. Its error says the way out.
func Open(address string) (net.Listener, error) {
	socket, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w (end the program that has it, which ss -ltnp shows, or choose another port)", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%w (choose an address of this machine, which ip address shows, or 0.0.0.0 for all)", err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w (choose a port from 1024, or give contactd the capability CAP_NET_BIND_SERVICE)", err)
	}
	return socket, err
}

// Try listens for a moment.
func Try(address string) error {
	socket, err := Open(address)
	if err != nil {
		return err
	}
	return socket.Close()
}
