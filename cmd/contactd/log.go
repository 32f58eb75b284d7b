package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// logConfig of what contactd says while it runs, on the standard error.
type logConfig struct {
	// Format is "text" or "json". Default "text".
	Format string `yaml:"format"`
	// Level is "debug", "info", "warn" or "error". Default "info".
	Level string `yaml:"level"`
}

// WithDefaults returns the config with every unset value filled.
func (c logConfig) WithDefaults() logConfig {
	if c.Format == "" {
		c.Format = "text"
	}
	if c.Level == "" {
		c.Level = "info"
	}
	return c
}

// Validate returns every problem, each with its key.
func (c logConfig) Validate() error {
	var problems []error
	if c.Format != "" && c.Format != "text" && c.Format != "json" {
		problems = append(problems, fmt.Errorf("log.format: want text or json, got %q", c.Format))
	}
	if _, err := c.level(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (c logConfig) level() (slog.Level, error) {
	switch c.Level {
	case "debug":
		return slog.LevelDebug, nil
	case "", "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	default:
		return 0, fmt.Errorf("log.level: want debug, info, warn or error, got %q", c.Level)
	}
}

// logger writes to w; the config is valid.
func (c logConfig) logger(w io.Writer) *slog.Logger {
	level, _ := c.level()
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
