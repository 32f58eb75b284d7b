package main

import (
	"errors"
	"fmt"
	"syscall"

	"contactd/channels/listen"
	"contactd/pipeline/lock"
)

// address is where a part of contactd run listens.
type address struct {
	// key is the setting that says so.
	key, listen string
	// folder is the one that whoever listens there has taken.
	folder string
}

// listening is the configuration of a channel with a server of its own.
type listening interface{ Listens() string }

// called is that of a channel which its platform calls on the public listener.
type called interface{ WebhookPath() string }

// addresses are all at which contactd run listens.
func (c config) addresses() []address {
	all := []address{{"http.listen", c.HTTP.Listen, c.journalDir()}}
	public := false
	for _, kind := range channelTable() {
		switch its := c.channel(kind).(type) {
		case listening:
			all = append(all, address{"channels." + kind.name + ".listen", its.Listens(), c.journalDir()})
		case called:
			public = public || its.WebhookPath() != ""
		}
	}
	if public {
		all = append(all, address{"webhooks.listen", c.Webhooks.Listen, c.journalDir()})
	}
	if len(c.Kafka.Brokers) == 0 {
		all = append(all, address{"broker.address", c.Broker.WithDefaults().Address, c.Broker.Dir})
	}
	return all
}

// clashes tells what two parts of contactd want and only one can have.
func (c config) clashes() error {
	var problems []error
	all := c.addresses()
	for i, one := range all {
		for _, other := range all[:i] {
			if listen.Clash(one.listen, other.listen) {
				problems = append(problems, fmt.Errorf("%s: %s is taken by %s (%s); give one of the two another port", one.key, one.listen, other.key, other.listen))
			}
		}
	}
	owners := map[string]string{}
	for _, kind := range channelTable() {
		its, ok := c.channel(kind).(called)
		if !ok || its.WebhookPath() == "" {
			continue
		}
		key, path := "channels."+kind.name+".path", its.WebhookPath()
		if owner := owners[path]; owner != "" {
			problems = append(problems, fmt.Errorf("%s: %s is taken by %s; give one of the two another, and tell its platform", key, path, owner))
			continue
		}
		owners[path] = key
	}
	return errors.Join(problems...)
}

// checkAddresses tries whether they can be had.
func checkAddresses(c config) []finding {
	var findings []finding
	for _, a := range c.addresses() {
		f := finding{what: "address", name: a.key, detail: a.listen, err: listen.Try(a.listen)}
		if errors.Is(f.err, syscall.EADDRINUSE) && lock.Taken(a.folder) {
			f.detail, f.err = a.listen+", in use while contactd runs", nil
		}
		findings = append(findings, f)
	}
	return findings
}
