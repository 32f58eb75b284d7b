package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"contactd/cmd/contactd/hooks"
	"contactd/cmd/contactd/listener"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/strict"
	"contactd/pipeline"
	"contactd/pipeline/journal"
	"contactd/pipeline/kafka"
	embedded "contactd/pipeline/kafka/broker"
)

// config is the whole configuration. It only nests what the packages declare
// beside their code.
type config struct {
	// DataDir is the directory of journal, blobs and the broker that comes
	// along. Default "data".
	DataDir string `yaml:"data_dir"`
	// Force names the police force in every event: lower-case letters, digits
	// and "-". Default "local".
	Force string `yaml:"force"`
	// Node names this process among several that take messages for one force,
	// each with accounts and a data_dir of its own: lower-case letters, digits
	// and "-". Empty when there is one. With a name, a reply to a conversation
	// that is not here is left to the process that has it.
	Node        string                    `yaml:"node"`
	Log         logConfig                 `yaml:"log"`
	HTTP        listener.Config           `yaml:"http"`
	Webhooks    hooks.Config              `yaml:"webhooks"`
	Journal     journal.Config            `yaml:"journal"`
	Kafka       kafka.Config              `yaml:"kafka"`
	Broker      embedded.Config           `yaml:"broker"`
	Pipeline    pipeline.Config           `yaml:"pipeline"`
	Classifiers panel.Config              `yaml:"classifiers"`
	Channels    map[string]strict.Section `yaml:"channels"`

	// file is where it was read, empty when there was none.
	file string
	root strict.Section
}

// withDefaults returns the config with the values filled that lie here.
func (c config) withDefaults() config {
	if c.DataDir == "" {
		c.DataDir = "data"
	}
	if c.Force == "" {
		c.Force = "local"
	}
	if c.Broker.Dir == "" {
		c.Broker.Dir = filepath.Join(c.DataDir, "kafka")
	}
	c.Log = c.Log.WithDefaults()
	c.HTTP = c.HTTP.WithDefaults()
	c.Webhooks = c.Webhooks.WithDefaults()
	return c
}

// Validate returns every problem of every section.
func (c config) Validate() error {
	var own []error
	for key, name := range map[string]string{"force": c.Force, "node": c.Node} {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			own = append(own, fmt.Errorf("%s: want lower-case letters, digits and -, got %q", key, name))
		}
	}
	if strings.HasPrefix(c.DataDir, "~") {
		own = append(own, fmt.Errorf("data_dir: ~ is a shell's word for your home; write the whole path, got %q", c.DataDir))
	}
	for name := range c.Channels {
		if _, ok := channelNamed(name); !ok {
			own = append(own, fmt.Errorf("channels.%s: no such channel; there are: %s", name, strings.Join(channelNames(), ", ")))
		}
	}
	problems := []error{c.root.Place(errors.Join(own...), "")}
	for _, section := range []struct {
		name string
		err  error
	}{
		{"log", c.Log.Validate()},
		{"http", c.HTTP.Validate()},
		{"webhooks", c.Webhooks.Validate()},
		{"journal", c.Journal.Validate()},
		{"kafka", c.Kafka.Validate()},
		{"broker", c.Broker.Validate()},
		{"pipeline", c.Pipeline.Validate()},
		{"classifiers", c.Classifiers.Validate()},
	} {
		problems = append(problems, c.root.Place(section.err, section.name))
	}
	for _, kind := range channelTable() {
		if section, ok := c.Channels[kind.name]; ok {
			_, err := kind.read(section)
			problems = append(problems, err)
		}
	}
	problems = append(problems, c.root.Place(c.clashes(), ""))
	return strict.ByLine(errors.Join(problems...))
}

// configPlaces are looked at in this order when nobody names a file.
func configPlaces() []string { return []string{"contactd.yaml", "/etc/contactd/contactd.yaml"} }

// load reads the configuration that the flag, the environment or the usual
// places name. Without any it is the defaults, with file empty.
func (p *program) load(flag string) (config, error) {
	file := flag
	if file == "" {
		file, _ = p.getenv("CONTACTD_CONFIG")
	}
	places := []string{file}
	if file == "" {
		places = configPlaces()
	}
	for _, place := range places {
		data, err := readConfig(place)
		if errors.Is(err, fs.ErrNotExist) && file == "" {
			continue
		}
		if err != nil {
			return config{}, fmt.Errorf("read configuration: %w", err)
		}
		return decodeConfig(place, data, p.getenv)
	}
	channels, err := demonstration()
	return config{Channels: channels}.withDefaults(), err
}

// readConfig reads a file, of one that is too large only as much as shows that.
func readConfig(name string) ([]byte, error) {
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	return io.ReadAll(io.LimitReader(file, strict.SizeLimit+1))
}

// decodeConfig reads and checks the content of a file.
func decodeConfig(file string, data []byte, getenv func(string) (string, bool)) (config, error) {
	c := config{file: file}
	var err error
	if c.root, err = strict.Parse(file, data, getenv); err != nil {
		return config{}, err
	}
	form := c.root.Decode(&c)
	c = c.withDefaults()
	if err := strict.Both(form, c.Validate()); err != nil {
		return config{}, err
	}
	return c, nil
}
