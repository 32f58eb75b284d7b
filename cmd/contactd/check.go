package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"contactd/cmd/contactd/interrupt"
	"contactd/cmd/contactd/panel"
	"contactd/contact"
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

// Run tries one after the other and prints what it found. How a part is tried
// stands beside the part.
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
