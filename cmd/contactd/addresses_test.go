package main

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"contactd/deploy/servers"
)

// hooked are two channels that their platforms call, with settings beside.
func hooked(facebook, twitter string) string {
	return fmt.Sprintf(`channels:
  facebook: {app_secret_file: s, verify_token_file: s, accounts: [{name: town, id: "1", token_file: t}]%s}
  twitter: {consumer_key: k, consumer_secret_file: s, accounts: [{name: town, user_id: "1", token_file: t}]%s}
`, facebook, twitter)
}

func TestTwoListenersAtOneAddressAreAMistakeThatNamesBoth(t *testing.T) {
	for name, each := range map[string]struct{ text, want string }{
		"the same address": {
			"http: {listen: \"127.0.0.1:8090\"}\nchannels: {webchat: {demo: true}}\n",
			"c.yaml:2: channels.webchat.listen: 127.0.0.1:8090 is taken by http.listen (127.0.0.1:8090); give one of the two another port",
		},
		"everywhere, and at one address": {
			"http: {listen: \":8090\"}\nchannels:\n  webchat:\n    listen: 127.0.0.1:8090\n",
			"c.yaml:4: channels.webchat.listen: 127.0.0.1:8090 is taken by http.listen (:8090); give one of the two another port",
		},
		"where platforms call": {
			"http: {listen: \"0.0.0.0:8091\"}\n" + hooked("", ""),
			"c.yaml: webhooks.listen: 127.0.0.1:8091 is taken by http.listen (0.0.0.0:8091); give one of the two another port",
		},
		"where the broker is that comes along": {
			"webhooks: {listen: \"0.0.0.0:9092\"}\nbroker: {address: \"127.0.0.1:9092\"}\n" + hooked("", ""),
			"c.yaml:2: broker.address: 127.0.0.1:9092 is taken by webhooks.listen (0.0.0.0:9092); give one of the two another port",
		},
		"where a broker would be":   {"http: {listen: \":9092\"}\nkafka: {brokers: [\"kafka.example:9092\"]}\n", ""},
		"where no platform calls":   {"http: {listen: \":8091\"}\n" + hooked(", mode: \"off\"", ", mode: \"off\""), ""},
		"any that is free":          {"http: {listen: \"127.0.0.1:0\"}\nwebhooks: {listen: \"127.0.0.1:0\"}\n" + ownBroker + hooked("", ""), ""},
		"two paths at one address":  {hooked("", ""), ""},
		"one path, but one is off":  {hooked(", path: /in", ", path: /in, mode: \"off\""), ""},
		"one path for two channels": {hooked(", path: /in", ", path: /in"), "c.yaml:3: channels.twitter.path: /in is taken by channels.facebook.path; give one of the two another, and tell its platform"},
	} {
		_, err := decodeConfig("c.yaml", []byte(each.text), noEnvironment)
		if each.want == "" && err != nil || each.want != "" && (err == nil || err.Error() != each.want) {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, each.want)
		}
	}
}

func TestCheckFindsNoFaultInTheAddressesOfContactdItself(t *testing.T) {
	chat, broker := servers.FreeAddress(t), servers.FreeAddress(t)
	dir := configure(t, fmt.Sprintf("broker: {address: %q}\nchannels: {webchat: {listen: %q}}\n", broker, chat))
	p := startProgram(t, dir, "run")
	p.awaitReady()
	seen := p.try("", "check")
	for _, want := range []string{chat + ", in use while contactd runs\n", broker + ", in use while contactd runs\n"} {
		if seen.code != 0 || !strings.Contains(seen.out, want) {
			t.Errorf("no %q in %+v", want, seen)
		}
	}
	p.stop()

	// Who has them after that is somebody else.
	for key, address := range map[string]string{"channels.webchat.listen": chat, "broker.address": broker} {
		other, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if seen := p.try("", "check"); seen.code != 1 || !strings.Contains(seen.out, "address "+key+": listen tcp "+address) {
			t.Errorf("%s: %+v", key, seen)
		}
		_ = other.Close()
	}
}
