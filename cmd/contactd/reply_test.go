package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"contactd/contact"
	"contactd/contact/contacttest"
	"contactd/deploy/servers"
	"contactd/pipeline"
	"contactd/pipeline/kafka"
)

func TestWrongArgumentsOfReplyAreExplained(t *testing.T) {
	const conversation = "c-3lnpdfsib5r34hnaib72u7ipcb"
	for name, args := range map[string][]string{
		"reply_to_nobody":           {"reply"},
		"reply_to_no_conversation":  {"reply", "m-671cd0j64v79vljrc1vm2qfie2", "hello"},
		"reply_to_half_an_id":       {"reply", conversation[:20], "hello"},
		"reply_without_text":        {"reply", conversation},
		"reply_with_negative_time":  {"reply", conversation, "--wait=-3s", "hello"},
		"reply_to_no_message":       {"reply", conversation, "--in-reply-to", "7", "hello"},
		"reply_with_unknown_flag":   {"reply", conversation, "--attach", "a.pdf", "hello"},
		"reply_in_unknown_way":      {"reply", conversation, "--way", "loud", "hello"},
		"reply_with_too_short_life": {"reply", conversation, "--expires", "soon", "hello"},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, args, contactd(t, "\n", args...)) })
	}
	for _, text := range []string{"caf\xe9", "\x00"} {
		if seen := contactd(t, text, "reply", conversation); seen.code != 2 || !strings.Contains(seen.err, "not UTF-8") {
			t.Errorf("%q: %+v", text, seen)
		}
	}
}

func TestAReplyNeedsARunningContactd(t *testing.T) {
	dir := configure(t, ownBroker)
	args := []string{"--config", inDir(t, dir), "reply", "c-3lnpdfsib5r34hnaib72u7ipcb", "hello"}
	golden(t, "reply_without_contactd", args, contactd(t, "", args...), inDir(t, dir), "$FILE")
}

// replyIDs stand for the ids that differ from run to run.
var replyIDs = regexp.MustCompile(`r-[0-9a-v]{26}`)

func TestAReplyToNobodyIsToldToWhoAskedForIt(t *testing.T) {
	t.Run("on Apache Kafka", func(t *testing.T) {
		aReplyToNobody(t, fmt.Sprintf("kafka:\n  brokers: [%q]\n  topics: {replication: 1}\n", servers.Kafka(t).Plain))
	})
	t.Run("on the broker that comes along", func(t *testing.T) { aReplyToNobody(t, ownBroker) })
}

func aReplyToNobody(t *testing.T, config string) {
	p := startProgram(t, configure(t, config), "run")
	p.awaitReady()
	file := filepath.Join(t.TempDir(), "map.txt")
	if err := os.WriteFile(file, []byte("here"), 0o600); err != nil {
		t.Fatal(err)
	}
	conversation := contact.ConversationID("email", "control", t.Name())
	records := p.follow(pipeline.TopicEvents)
	seen := p.try("two\nlines\n", "reply", conversation, "--file", file, "--as", "Sam")
	id := replyIDs.FindString(seen.out)
	want := id + "  asked for\n" + id + "  failed: there is no such conversation\n"
	if seen.code != 1 || seen.out != want || seen.err != "contactd: reply "+id+": failed\n" {
		t.Errorf("%+v, want %s", seen, want)
	}
	// The event keeps the contract, and a person can read it.
	record := records(id)
	contacttest.Valid(t, record)
	var event contact.Event
	if err := json.Unmarshal(record, &event); err != nil || event.PartitionKey != conversation || event.Sequence != "1" {
		t.Errorf("told %s, %v", record, err)
	}
	// What was attached is kept.
	if code, body := p.get("/blobs/" + "fcec91509759ad995c2cd14bcb26b2720993faf61c29d379b270d442d92290eb"); code != http.StatusOK || body != "here" {
		t.Errorf("the file: %d %q", code, body)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	if out, err := command(t.Context(), p.dir, "verify").CombinedOutput(); err != nil || !strings.Contains(string(out), "1 settled") {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

// follow remembers where a topic ends; the function that it returns gives the
// first record behind that which holds a word.
func (p *process) follow(topic string) func(word string) []byte {
	p.t.Helper()
	cluster := p.cluster()
	end, err := cluster.EndOffsets(p.t.Context(), topic)
	if err != nil {
		p.t.Fatal(err)
	}
	return func(word string) (found []byte) {
		ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
		defer cancel()
		err := cluster.TailFrom(ctx, topic, end, func(r kafka.Record) error {
			if strings.Contains(string(r.Value), word) {
				found = r.Value
				cancel()
			}
			return nil
		})
		if err != nil || found == nil {
			p.t.Errorf("no record holds %s: %v", word, err)
		}
		return found
	}
}

// config is that of the program.
func (p *process) config() config {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "contactd.yaml"))
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := decodeConfig("contactd.yaml", text, noEnvironment)
	if err != nil {
		p.t.Fatal(err)
	}
	c.Broker.Dir = filepath.Join(p.dir, c.Broker.Dir)
	return c
}

// cluster reaches the broker of the program.
func (p *process) cluster() *kafka.Cluster {
	p.t.Helper()
	connect, _, err := brokerOf(p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	cluster, err := kafka.NewCluster(connect, kafka.Watch{})
	if err != nil {
		p.t.Fatal(err)
	}
	return cluster
}

// try runs another contactd beside the running one, whatever comes of it.
func (p *process) try(in string, args ...string) outcome {
	p.t.Helper()
	var out, problems strings.Builder
	cmd := command(p.t.Context(), p.dir, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return outcome{out: out.String(), err: problems.String(), code: cmd.ProcessState.ExitCode()}
}

func TestAFileForAReplyIsStoredWhereContactdIs(t *testing.T) {
	// The folder is not on this machine, so it goes to the listener.
	p := startProgram(t, configure(t, ownBroker+"pipeline: {base_url: \"http://127.0.0.1:1\"}\n"), "run")
	elsewhere := config{}.withDefaults()
	elsewhere.DataDir = t.TempDir()
	elsewhere.Pipeline.BaseURL = p.url
	blob, err := storeBlob(t.Context(), elsewhere, strings.NewReader("here"))
	if err != nil || blob.Size != 4 || !strings.HasPrefix(blob.MediaType, "text/plain") {
		t.Fatalf("%+v, %v", blob, err)
	}
	if code, body := p.get("/blobs/" + blob.SHA256); code != http.StatusOK || body != "here" {
		t.Errorf("%d %q", code, body)
	}
	elsewhere.Pipeline.BaseURL = "http://" + servers.FreeAddress(t)
	if _, err := storeBlob(t.Context(), elsewhere, strings.NewReader("here")); err == nil || !strings.HasPrefix(err.Error(), "store file: ") {
		t.Errorf("got %v", err)
	}
}

func TestATokenIsNotToldInTheClearToAListenerWithACertificate(t *testing.T) {
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	first := make(chan byte, 1)
	go func() {
		client, err := listening.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		var begins [1]byte
		_, _ = client.Read(begins[:])
		first <- begins[0]
	}()
	elsewhere := config{}.withDefaults()
	elsewhere.DataDir = t.TempDir()
	elsewhere.HTTP.Listen, elsewhere.HTTP.CertFile = listening.Addr().String(), "server.pem"
	if _, err := storeBlob(t.Context(), elsewhere, strings.NewReader("here")); err == nil {
		t.Error("stored")
	}
	if begins := <-first; begins != 0x16 { // a handshake of TLS
		t.Errorf("it begins with %q", begins)
	}
}
