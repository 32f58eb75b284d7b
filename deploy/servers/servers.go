package servers

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Dir is the state folder, CONTACTD_SERVERS_DIR or else one in the user's
// cache. It holds the jars, the running node's storage, log and state.
func Dir() (string, error) {
	if dir := os.Getenv("CONTACTD_SERVERS_DIR"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder: %w", err)
	}
	return filepath.Join(cache, "contactd"), nil
}

// Kafka gives the running Apache Kafka node. Without one it skips the test, or
// fails it when CI is "true".
func Kafka(t testing.TB) Node {
	t.Helper()
	node, err := Running()
	if err != nil {
		skipOrFail(t, fmt.Sprintf("Apache Kafka does not run (%v): start it with `make up`", err))
	}
	return node
}

// Kcat gives the path of kcat, the Kafka client that shares no code with us.
// Without it the test is skipped, or fails when CI is "true".
func Kcat(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("kcat")
	if err != nil {
		skipOrFail(t, "kcat is not installed: `make up` as root, or apt-get install kcat")
	}
	return path
}

// Running reads the state of the node and makes sure that its process lives.
func Running() (Node, error) {
	dir, err := Dir()
	if err != nil {
		return Node{}, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return Node{}, errors.New("never started")
	}
	if err != nil {
		return Node{}, fmt.Errorf("read state: %w", err)
	}
	var node Node
	if err := json.Unmarshal(raw, &node); err != nil {
		return Node{}, fmt.Errorf("read state: %w", err)
	}
	if !node.alive() {
		return Node{}, errors.New("its process has ended")
	}
	return node, nil
}
