package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
)

func TestEveryMetricThatAnAlarmLooksAtIsThere(t *testing.T) {
	there := metricsOfADaemon(t)
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
	looked := 0
	var expressions []string
	for _, rule := range file.Groups[0].Rules {
		looked += there.check(t, rule.Alert, rule.Expr, rule.Annotations["summary"]+rule.Annotations["description"])
		expressions = append(expressions, rule.Expr)
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("%s does not say what happened, what to do, or how urgent it is", rule.Alert)
		}
	}
	if looked < 12 {
		t.Errorf("only %d metrics found", looked)
	}
	checkSyntax(t, expressions)
}

// metricsOfADaemon are those that a daemon with every kind of part has
// registered, whether or not anything was counted yet.
func metricsOfADaemon(t *testing.T) tells {
	t.Helper()
	t.Setenv(asProgram, "1") // its broker is this binary too
	config, err := decodeConfig("contactd.yaml", []byte("data_dir: "+t.TempDir()+`
http: {listen: "127.0.0.1:0"}
`+ownBroker+`
classifiers: {llm: {url: "http://127.0.0.1:1/v1", model: none}}
`+chatWithCertificate(t, time.Now().AddDate(1, 0, 0))), noEnvironment)
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
	there := tells{}
	counted, err := d.registry.Gather() // some are described only when they are asked
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range counted {
		there[family.GetName()] = nil
		for _, label := range family.GetMetric()[0].GetLabel() {
			there[family.GetName()] = append(there[family.GetName()], label.GetName())
		}
	}
	form := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: {(.*)}}`)
	for each := range described {
		if found := form.FindStringSubmatch(each.String()); found != nil {
			there[found[1]] = append(there[found[1]], strings.Split(found[2], ",")...)
		}
	}
	return there
}
