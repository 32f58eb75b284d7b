package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"contactd/channels"
	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/panel"
	"contactd/cmd/contactd/tell"
	"contactd/contact"
	"contactd/pipeline"
	"contactd/pipeline/journal"
	"contactd/pipeline/kafka"
)

// checkLimit bounds the whole check; each account has its own limit too.
const checkLimit = 2 * time.Minute

type checkCommand struct{}

// finding is a row of the table.
type finding struct {
	what, name, detail string
	// warning is what works and should be otherwise.
	warning string
	err     error
}

// Run tries one after the other and prints what it found.
func (checkCommand) Run(ctx context.Context, p *program, c *commands) error {
	config, err := p.load(c.Config)
	if err != nil {
		return err
	}
	asked := ctx
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	findings := []finding{checkFile(config), checkDataDir(config)}
	findings = append(findings, checkAddresses(config)...)
	findings = append(findings, checkListeners(config)...)
	findings = append(findings, checkCertificates(config)...)
	findings = append(findings, checkClassifiers(config))
	findings = append(findings, checkPack(config.Classifiers.Rules, time.Now())...)
	findings = append(findings, checkShadow(config.Classifiers.Linear)...)
	if config.Classifiers.LLM.Enabled() {
		findings = append(findings, checkModel(ctx, config))
	}
	findings = append(findings, checkBroker(ctx, config)...)
	findings = append(findings, checkChannels(ctx, config)...)
	if asked.Err() != nil {
		return interrupt.Err // what was broken off has not failed
	}
	if p.tell(findings) {
		return errTold
	}
	return nil
}

// tell prints the table and reports whether something fails.
func (p *program) tell(findings []finding) (failed bool) {
	var aligned strings.Builder
	table := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	var ways []string
	for _, f := range findings {
		result := "ok"
		if f.warning != "" {
			result = "WARN"
			ways = append(ways, fmt.Sprintf("%s %s: %s", f.what, f.name, f.warning))
		}
		if f.err != nil {
			failed, result = true, "FAILED"
			ways = append(ways, fmt.Sprintf("%s %s: %v", f.what, f.name, f.err))
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", result, f.what, f.name, f.detail)
	}
	_ = table.Flush()
	for line := range strings.Lines(aligned.String()) {
		p.printf("%s\n", strings.TrimRight(line, " \n"))
	}
	if len(ways) > 0 {
		p.printf("\n%s\n", strings.Join(ways, "\n"))
	}
	return failed
}

func checkFile(c config) finding {
	if c.file == "" {
		return finding{what: "config", name: "-", detail: "no file, the defaults; \"contactd sample\" prints one"}
	}
	return finding{what: "config", name: c.file}
}

// checkDataDir tries to write where the daemon will, without leaving anything.
func checkDataDir(c config) finding {
	f := finding{what: "data", name: c.DataDir}
	if f.err = c.owned(); f.err != nil {
		return f
	}
	dir := c.DataDir
	for { // the nearest folder that exists
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	file, err := os.CreateTemp(dir, ".contactd-check-*")
	if err != nil {
		f.err = fmt.Errorf("cannot be written: %w", err)
		return f
	}
	f.err = errors.Join(file.Close(), os.Remove(file.Name()), c.Journal.TryRoom(dir))
	switch _, err := os.Stat(filepath.Join(c.journalDir(), journal.PutBack)); {
	case dir != c.DataDir:
		f.detail = "will be created"
	case err == nil:
		f.detail = "put back from a backup; contactd run compares it with Kafka before it sends a reply"
	}
	return f
}

// checkListeners reads the certificates and tokens of those that have any, and
// says who gets originals without.
func checkListeners(c config) []finding {
	http := finding{what: "http", name: c.HTTP.Listen, detail: "originals for who has a token", err: c.HTTP.Try()}
	if c.HTTP.TokensFile == "" {
		http.detail = "originals for who asks from this machine, as a proxy on it does that adds no X-Forwarded-For"
	}
	findings := []finding{http}
	if c.Webhooks.CertFile != "" {
		findings = append(findings, finding{what: "webhooks", name: c.Webhooks.Listen, err: c.Webhooks.Try()})
	}
	return findings
}

func checkClassifiers(c config) finding {
	f := finding{what: "classifiers", name: "-"}
	seated, err := panel.New(c.Classifiers)
	if err == nil {
		_, err = seated.Annotated(seated, c.Classifiers)
	}
	if err != nil {
		f.err = err
		return f
	}
	f.detail = strings.Join(seated.Assess(context.Background(), contact.Message{Text: "test"}).JudgedBy, ", ")
	return f
}

func checkBroker(ctx context.Context, c config) []finding {
	connect, detail, err := brokerOf(c)
	if errors.Is(err, errNoBroker) {
		return []finding{{what: "broker", name: "-", detail: "contactd run brings one along; set kafka.brokers to use another"}}
	}
	if err != nil {
		return []finding{{what: "broker", name: "-", err: err}}
	}
	broker := finding{what: "broker", name: brokerNames(connect), detail: detail, warning: connect.Warning()}
	if len(c.Kafka.Brokers) == 0 {
		broker.err = c.Broker.TryRoom()
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		broker.err = err
		return []finding{broker}
	}
	topics, err := cluster.Check(ctx)
	if errors.Is(err, syscall.ECONNREFUSED) && len(c.Kafka.Brokers) == 0 {
		broker.detail = "does not run now; contactd run starts it"
		return []finding{broker}
	}
	if err != nil {
		broker.err = err
		return []finding{broker}
	}
	findings := []finding{broker}
	for _, topic := range topics {
		f := finding{what: "topic", name: topic.Topic}
		if topic.Partitions > 0 {
			f.detail = tell.Count(topic.Partitions, "partition")
		}
		switch {
		case topic.Missing():
			f.detail = "missing; contactd run creates it, or: " + topic.Command
		case topic.Problem != nil:
			f.err = topic.Mend()
		}
		findings = append(findings, f)
	}
	if len(c.Kafka.Brokers) > 0 {
		findings = append(findings, checkGroups(ctx, c, cluster)...)
	}
	return findings
}

// checkGroups tries whether topics can be read as the daemon does: brokers may
// give the right to a topic and not to a group.
func checkGroups(ctx context.Context, c config, cluster *kafka.Cluster) []finding {
	groups := map[string]string{pipeline.TopicReplies: commandGroup(c.Force, c.Node)}
	if c.Classifiers.LLM.Enabled() {
		groups[pipeline.TopicEvents] = secondGroup(c.Force, c.Node)
	}
	var findings []finding
	for _, topic := range slices.Sorted(maps.Keys(groups)) {
		findings = append(findings, finding{what: "group", name: groups[topic], detail: "reads " + topic, err: cluster.CheckGroup(ctx, groups[topic], topic)})
	}
	return findings
}

// checkChannels tries each channel. One that cannot be made, as when a secret
// cannot be read, does not keep the others from being tried.
func checkChannels(ctx context.Context, c config) []finding {
	if len(c.Channels) == 0 {
		return []finding{{what: "channels", name: "-", detail: "none is configured, so nothing comes in"}}
	}
	var findings []finding
	for _, kind := range channelTable() {
		section, configured := c.Channels[kind.name]
		if !configured {
			continue
		}
		made, err := kind.make(section, noBlobs{}, noHealth{}, c.Log.logger(io.Discard))
		if err != nil {
			findings = append(findings, finding{what: kind.name, name: "-", err: err})
			continue
		}
		checker, ok := made.(channels.Checker)
		if !ok {
			continue
		}
		tried := checker.Check(ctx)
		if len(tried) == 0 {
			findings = append(findings, finding{what: kind.name, name: "-", detail: "no account"})
		}
		for _, each := range tried {
			findings = append(findings, finding{what: kind.name, name: each.Account, detail: each.Detail, err: each.Err})
		}
	}
	return findings
}

// noBlobs and noHealth stand in while nothing is taken.
type noBlobs struct{}

func (noBlobs) Store(context.Context, io.Reader) (contact.Blob, error) {
	return contact.Blob{}, errors.New("store blob: only checking")
}

func (noBlobs) Open(string) (io.ReadCloser, error) {
	return nil, errors.New("open blob: only checking")
}

type noHealth struct{}

func (noHealth) Working(string, string)        {}
func (noHealth) Failing(string, string, error) {}
