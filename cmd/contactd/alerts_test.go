package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
)

func TestEveryMetricThatAnAlarmLooksAtIsThere(t *testing.T) {
	there := map[string]bool{"up": true}
	for name := range metricsOfADaemon(t) {
		there[name] = true
	}
	content, err := os.ReadFile(filepath.Join("..", "..", "deploy", "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	metric := regexp.MustCompile(`\b(contactd|process)_[a-z_]+`)
	looked := 0
	for _, rule := range file.Groups[0].Rules {
		for _, name := range metric.FindAllString(rule.Expr, -1) {
			looked++
			if !there[name] {
				t.Errorf("%s looks at %s, which contactd does not tell", rule.Alert, name)
			}
		}
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s does not say what happened, what to do, or how urgent it is", rule.Alert)
		}
	}
	if looked < 12 {
		t.Errorf("only %d metrics found", looked)
	}
}

// metricsOfADaemon are the names that a daemon with every kind of part has
// registered, whether or not anything was counted yet.
func metricsOfADaemon(t *testing.T) map[string]bool {
	t.Helper()
	t.Setenv(asProgram, "1") // its broker is this binary too
	config, err := decodeConfig("contactd.yaml", []byte("data_dir: "+t.TempDir()+`
http: {listen: "127.0.0.1:0"}
`+ownBroker+`
classifiers: {llm: {url: "http://127.0.0.1:1/v1", model: none}}
channels: {webchat: {listen: "127.0.0.1:0"}}
`), noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	d, err := startDaemon(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	}()
	described := make(chan *prometheus.Desc)
	go func() {
		d.registry.Describe(described)
		close(described)
	}()
	name := regexp.MustCompile(`fqName: "([^"]+)"`)
	names := map[string]bool{}
	counted, err := d.registry.Gather() // some are described only when they are asked
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range counted {
		names[family.GetName()] = true
	}
	for each := range described {
		if found := name.FindStringSubmatch(each.String()); found != nil {
			names[found[1]] = true
		}
	}
	return names
}
