package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"contactd/channels/facebook/graphsim"
)

//go:embed facebook.txt
var facebookScript []byte

type facebookCommand struct {
	Base    string        `help:"The public listener of contactd, to which Meta delivers." default:"http://127.0.0.1:8091"`
	Path    string        `help:"Where the channel stands on it." default:"/facebook"`
	Listen  string        `help:"Where the simulated API answers: contactd's graph_url, with http:// before it." default:"127.0.0.1:8095"`
	Page    string        `help:"The page's id." default:"100000000000001"`
	Script  string        `help:"Who does what, one step a line. Default: a quarter of a minute on a page." type:"existingfile" placeholder:"FILE"`
	Trouble float64       `help:"How unreliable Meta is, 0 to 1: deliveries are dropped, doubled and shuffled, calls fail."`
	Stay    time.Duration `help:"How long to go on after the script, and show answers. Default: until interrupted." default:"-1s"`
	Drain   time.Duration `help:"How long to wait for what is still to be delivered." default:"30s"`
	SetUp   string        `help:"Only write the secrets into this folder, and print the configuration for contactd." placeholder:"DIR"`
}

// Help is shown below the usage.
func (facebookCommand) Help() string {
	return `Plays Meta and the people on a page: "contactsim facebook --set-up DIR >> contactd.yaml" once, then contactd, then this.
A step of a script is PAUSE WHO VERB [LABEL on LABEL] TEXT. WHO is a name, or "page"; verbs are writes (by Messenger), posts,
comments, mentions, reviews, edits, removes, hides, shows, reads and blocks.`
}

// The secrets of the simulated app.
const (
	simAppSecret   = "sim-app-secret"
	simVerifyToken = "sim-verify-token"
	simAccessToken = "sim-access-token"
)

// config writes the secrets into dir and returns the section for contactd.
func (c facebookCommand) config(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("set up: %w", err)
	}
	for name, secret := range map[string]string{"facebook.secret": simAppSecret, "facebook.verify": simVerifyToken, "facebook.token": simAccessToken} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("set up: %w", err)
		}
	}
	return fmt.Sprintf(`  facebook:
    graph_url: http://%s
    app_secret_file: %[2]s/facebook.secret
    verify_token_file: %[2]s/facebook.verify
    accounts:
      - {name: town, id: %q, token_file: %[2]s/facebook.token, human_agent: true}
`, c.Listen, dir, c.Page), nil
}

// Run plays the script.
func (c facebookCommand) Run(ctx context.Context, out io.Writer) error {
	if c.Trouble < 0 || c.Trouble > 1 {
		return usageError{errors.New("facebook: --trouble wants 0 to 1")}
	}
	if c.SetUp != "" {
		section, err := c.config(c.SetUp)
		if err == nil {
			_, err = io.WriteString(out, "channels:\n"+section)
		}
		return err
	}
	script := facebookScript
	if c.Script != "" {
		var err error
		if script, err = os.ReadFile(c.Script); err != nil {
			return fmt.Errorf("read script: %w", err)
		}
	}
	steps, err := readScript(bytes.NewReader(script))
	if err != nil {
		return usageError{fmt.Errorf("facebook: %w", err)}
	}
	return c.play(ctx, steps, out)
}

// play opens the simulator, does the steps, and shows what people receive.
func (c facebookCommand) play(ctx context.Context, steps []step, out io.Writer) error {
	s := &town{page: c.Page, out: out, labels: map[string]string{}, names: map[string]string{}}
	meta, err := graphsim.Start(graphsim.Options{
		Listen: c.Listen, AppSecret: simAppSecret, VerifyToken: simVerifyToken, Token: simAccessToken,
		Callback: strings.TrimSuffix(c.Base, "/") + c.Path, Retry: time.Second, Seed: uint64(time.Now().UnixNano()), Sent: s.received,
	})
	if err != nil {
		return err
	}
	defer func() { _ = meta.Close() }()
	s.meta = meta
	meta.Account(c.Page, "page", true)
	// As an operator would who has set the page up before.
	meta.Subscribe(c.Page, "feed", "mention", "ratings", "messages", "message_echoes", "message_edits", "message_reads")
	meta.Weather(graphsim.Weather{Duplicate: c.Trouble, Drop: c.Trouble / 4, Reorder: c.Trouble, Calls: c.Trouble / 2, Batch: 1 + int(10*c.Trouble)})
	for _, each := range steps {
		if !pause(ctx, each.pause) {
			return nil
		}
		if err := s.do(each); err != nil {
			return usageError{fmt.Errorf("facebook: line %d: %w", each.line, err)}
		}
	}
	drain, cancel := context.WithTimeout(ctx, c.Drain)
	defer cancel()
	if err := meta.Settle(drain); err != nil && ctx.Err() == nil {
		return fmt.Errorf("facebook: contactd at %s did not take everything that was delivered (%d tries failed)", c.Base, meta.Failed())
	}
	if c.Stay < 0 {
		<-ctx.Done()
		return nil
	}
	pause(ctx, c.Stay)
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// town is a page with its people.
type town struct {
	meta *graphsim.Server
	page string

	mu     sync.Mutex
	out    io.Writer
	labels map[string]string // Meta's ids
	names  map[string]string // of people, by their ids
}

// person is the id by which Meta knows somebody.
func (s *town) person(name string) string {
	if name == "page" {
		return s.page
	}
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, name)
	id := fmt.Sprint(20_000_000_000 + int64(hash.Sum32()))
	s.mu.Lock()
	s.names[id] = name
	s.mu.Unlock() // the server tells of what is sent while it is locked itself
	s.meta.Name(id, name)
	return id
}

// do does a step and shows it.
func (s *town) do(each step) error {
	who := s.person(each.who)
	on := s.labels[each.on]
	if each.on != "" && on == "" {
		return fmt.Errorf("nothing before has the label %q", each.on)
	}
	made, err := s.act(each, who, on)
	if err != nil {
		return err
	}
	if each.label != "" && made != "" {
		s.labels[each.label] = made
	}
	s.show("%s %s %s", each.who, each.verb, each.text)
	return nil
}

func (s *town) act(each step, who, on string) (made string, err error) {
	switch each.verb {
	case "writes":
		return s.meta.Write(s.page, who, each.text), nil
	case "posts":
		return s.meta.Post(s.page, who, each.text), nil
	case "comments":
		return s.comment(who, on, each.text)
	case "mentions":
		return s.meta.Mention(s.page, who, each.text, true, true), nil
	case "reviews":
		return s.meta.Review(s.page, who, each.text), nil
	case "reads":
		s.meta.Read(s.page, who)
		return "", nil
	case "blocks":
		s.meta.Block(s.page, who)
		return "", nil
	}
	verb, known := map[string]string{"edits": "edited", "removes": "remove", "hides": "hide", "shows": "unhide"}[each.verb]
	of := s.labels[each.label]
	switch {
	case !known:
		return "", fmt.Errorf("nobody %s on a page", each.verb)
	case of == "":
		return "", fmt.Errorf("nothing before has the label %q", each.label)
	}
	if _, isObject := s.meta.Find(of); !isObject {
		return "", fmt.Errorf("%q is no post or comment", each.label)
	}
	s.meta.Change(of, verb, each.text)
	return "", nil
}

// comment comments on a post, or answers a comment.
func (s *town) comment(who, on, text string) (string, error) {
	under, there := s.meta.Find(on)
	switch {
	case !there:
		return "", errors.New("want [LABEL on LABEL] of a post or comment")
	case under.Kind == "comment" && under.Parent != "":
		return "", errors.New("nobody answers an answer")
	case under.Kind == "comment":
		return s.meta.Comment(s.page, who, under.Post, on, text), nil
	default:
		return s.meta.Comment(s.page, who, on, "", text), nil
	}
}

// received shows what contactd sends to somebody.
func (s *town) received(to, text string) {
	s.mu.Lock()
	name := s.names[to]
	s.mu.Unlock()
	if name == "" {
		name = to
	}
	s.show("%s receives %s", name, text)
}

func (s *town) show(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, "%s facebook  %s\n", time.Now().Format(time.TimeOnly), strings.TrimSpace(fmt.Sprintf(format, args...)))
}
