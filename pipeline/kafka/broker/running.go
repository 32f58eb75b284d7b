package broker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"contactd/pipeline/kafka"
)

// Running is how another program of the same user connects to the broker that
// runs, or ran last, in c.Dir. Its error is fs.ErrNotExist when none ever did.
func (c Config) Running() (kafka.Config, error) {
	raw, err := os.ReadFile(filepath.Join(c.Dir, kcatFile))
	if err != nil {
		return kafka.Config{}, fmt.Errorf("find broker: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if address, ok := strings.CutPrefix(line, "bootstrap.servers="); ok {
			return c.WithDefaults().client(strings.TrimSpace(address)), nil
		}
	}
	return kafka.Config{}, fmt.Errorf("find broker: %s names no address", kcatFile)
}
