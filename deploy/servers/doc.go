// Package servers starts the real servers that tests meet: mail and broker.
// Each runs on loopback with its own configuration in a temporary folder, and
// ends with its test.
package servers
