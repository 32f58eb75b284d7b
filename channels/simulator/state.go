package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Save writes a platform's state to a file: what people and accounts did, not
// what is still to be delivered.
func Save(file string, state any) error {
	raw, err := json.Marshal(state)
	return errors.Join(err, os.WriteFile(file, raw, 0o600))
}

// Load reads what Save wrote.
func Load(file string, state any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("load simulator: %w", err)
	}
	return json.Unmarshal(raw, state)
}
