package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"contactd/channels"
	"contactd/channels/email"
	"contactd/channels/facebook"
	"contactd/channels/twitter"
	"contactd/channels/webchat"
	"contactd/cmd/contactd/strict"
	"contactd/contact"
)

// channelTable has one line for each channel: its name in the configuration
// and its constructor.
func channelTable() []channelKind {
	return []channelKind{
		channel("email", email.New),
		channel("facebook", facebook.New),
		channel("twitter", twitter.New),
		channel("webchat", webchat.New),
	}
}

// channelKind is a channel that can be configured.
type channelKind struct {
	name string
	// read reads the section and returns its problems, each with its line.
	read func(strict.Section) (any, error)
	// make makes the channel; deps are offered to its Deps by type.
	make func(section strict.Section, deps ...any) (channels.Channel, error)
}

// channel finds the type of the configuration and of what the channel needs
// in the parameters of its constructor.
func channel[C interface{ Validate() error }, D any, T channels.Channel](name string, create func(C, D) (T, error)) channelKind {
	key := "channels." + name
	decode := func(section strict.Section) (C, error) {
		var config C
		form := section.Decode(&config)
		return config, strict.Both(form, section.Place(config.Validate(), key))
	}
	return channelKind{
		name: name,
		read: func(section strict.Section) (any, error) { return decode(section) },
		make: func(section strict.Section, offered ...any) (channels.Channel, error) {
			config, err := decode(section)
			if err != nil {
				return nil, err
			}
			var deps D
			offer(&deps, offered)
			made, err := create(config, deps)
			if err != nil {
				return nil, errors.Join(section.Place(err, key))
			}
			return made, nil
		},
	}
}

// offer sets every field of a struct of dependencies whose type is an
// interface that one of the values implements, or the value's own type. Other
// fields stay zero.
func offer(deps any, values []any) {
	target := reflect.ValueOf(deps).Elem()
	for i := range target.NumField() {
		field := target.Field(i)
		for _, value := range values {
			v := reflect.ValueOf(value)
			if field.CanSet() && v.Type().AssignableTo(field.Type()) && field.NumMethod()+v.NumMethod() > 0 && field.Type() != reflect.TypeFor[any]() {
				field.Set(v)
				break
			}
		}
	}
}

// channel is the configuration of one kind, nil unless it is there and right.
func (c config) channel(kind channelKind) any {
	section, configured := c.Channels[kind.name]
	if !configured {
		return nil
	}
	its, err := kind.read(section)
	if err != nil {
		return nil
	}
	return its
}

func channelNamed(name string) (channelKind, bool) {
	for _, kind := range channelTable() {
		if kind.name == name {
			return kind, true
		}
	}
	return channelKind{}, false
}

func channelNames() []string {
	var names []string
	for _, kind := range channelTable() {
		names = append(names, kind.name)
	}
	return names
}

// makeChannels makes every configured channel, by name. Those after one that
// sends mail may send some too.
func makeChannels(c config, deps ...any) (map[string]channels.Channel, error) {
	made := map[string]channels.Channel{}
	for _, kind := range channelTable() {
		section, configured := c.Channels[kind.name]
		if !configured {
			continue
		}
		each, err := kind.make(section, deps...)
		if err != nil {
			return nil, fmt.Errorf("make channel %s: %w", kind.name, err)
		}
		made[kind.name] = each
		if mailer := mailerOf(each); mailer != nil {
			deps = append(deps[:len(deps):len(deps)], mailer)
		}
	}
	return made, nil
}

// mailerOf is what sends mail for others, nil when the channel does not.
func mailerOf(made channels.Channel) webchat.Mailer {
	if mail, ok := made.(*email.Channel); ok {
		if mailer := mail.Mailer(); mailer != nil {
			return mailer
		}
	}
	return nil
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
