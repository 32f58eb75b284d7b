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

	"contactd/channels/twitter/xtest"
)

//go:embed x.txt
var xScript []byte

type xCommand struct {
	Base    string        `help:"The public listener of contactd, to which X delivers." default:"http://127.0.0.1:8091"`
	Path    string        `help:"Where the channel stands on it." default:"/twitter"`
	Listen  string        `help:"Where the simulated API answers: contactd's api_url, with http:// before it." default:"127.0.0.1:8096"`
	User    string        `help:"The account's number." default:"1000000000000000001"`
	Script  string        `help:"Who does what, one step a line. Default: a quarter of a minute around an account." type:"existingfile" placeholder:"FILE"`
	Trouble float64       `help:"How unreliable X is, 0 to 1: deliveries are dropped, doubled and shuffled, calls fail."`
	Stay    time.Duration `help:"How long to go on after the script, and show answers. Default: until interrupted." default:"-1s"`
	Drain   time.Duration `help:"How long to wait for what is still to be delivered." default:"30s"`
	SetUp   string        `help:"Only write the secrets into this folder, and print the configuration for contactd." placeholder:"DIR"`
}

// Help is shown below the usage.
func (xCommand) Help() string {
	return `Plays X and the people around an account: "contactsim x --set-up DIR >> contactd.yaml" once, then contactd, then this.
A step of a script is PAUSE WHO VERB [LABEL on LABEL] TEXT. WHO is a name, or "town" for the account; verbs are posts, replies,
quotes, edits, deletes, hides (from us), writes (in private), encrypts and reads. A post with @town in it names the account.`
}

// The secrets of the simulated application and account.
const (
	simConsumerKey    = "sim-consumer-key"
	simConsumerSecret = "sim-consumer-secret"
	simBearer         = "sim-bearer-token"
	simUserToken      = "sim-user-token"
	simUserSecret     = "sim-user-secret"
)

// config writes the secrets into dir and returns the section for contactd.
func (c xCommand) config(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("set up: %w", err)
	}
	for name, secret := range map[string]string{"twitter.secret": simConsumerSecret, "twitter.bearer": simBearer, "twitter.token": simUserToken + "\n" + simUserSecret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("set up: %w", err)
		}
	}
	return fmt.Sprintf(`  twitter:
    api_url: http://%s
    consumer_key: %s
    consumer_secret_file: %[3]s/twitter.secret
    bearer_token_file: %[3]s/twitter.bearer
    poll_mentions: 5s
    accounts:
      - {name: town, user_id: %q, token_file: %[3]s/twitter.token}
`, c.Listen, simConsumerKey, dir, c.User), nil
}

// Run plays the script.
func (c xCommand) Run(ctx context.Context, out io.Writer) error {
	if c.Trouble < 0 || c.Trouble > 1 {
		return usageError{errors.New("x: --trouble wants 0 to 1")}
	}
	if c.SetUp != "" {
		section, err := c.config(c.SetUp)
		if err == nil {
			_, err = io.WriteString(out, "channels:\n"+section)
		}
		return err
	}
	script := xScript
	if c.Script != "" {
		var err error
		if script, err = os.ReadFile(c.Script); err != nil {
			return fmt.Errorf("read script: %w", err)
		}
	}
	steps, err := readScript(bytes.NewReader(script))
	if err != nil {
		return usageError{fmt.Errorf("x: %w", err)}
	}
	return c.play(ctx, steps, out)
}

// play opens the simulator, does the steps, and shows what people receive.
func (c xCommand) play(ctx context.Context, steps []step, out io.Writer) error {
	s := &square{user: c.User, out: out, labels: map[string]string{}, names: map[string]string{}}
	x, err := xtest.Start(xtest.Options{
		Listen: c.Listen, ConsumerKey: simConsumerKey, ConsumerSecret: simConsumerSecret, Bearer: simBearer,
		Callback: strings.TrimSuffix(c.Base, "/") + c.Path, Retry: time.Second, Sent: s.received,
	})
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	s.x = x
	x.Account(c.User, "town", simUserToken, simUserSecret)
	x.Weather(xtest.Sky{Repeat: c.Trouble, Drop: c.Trouble / 4, Reorder: c.Trouble, Calls: c.Trouble / 2})
	for _, each := range steps {
		if !pause(ctx, each.pause) {
			return nil
		}
		if err := s.do(each); err != nil {
			return usageError{fmt.Errorf("x: line %d: %w", each.line, err)}
		}
	}
	drain, cancel := context.WithTimeout(ctx, c.Drain)
	defer cancel()
	if err := x.Settle(drain); err != nil && ctx.Err() == nil {
		return fmt.Errorf("x: contactd at %s did not take everything that was delivered (%d tries failed)", c.Base, x.Failed())
	}
	if c.Stay < 0 {
		<-ctx.Done()
		return nil
	}
	pause(ctx, c.Stay)
	return nil
}

// square is an account with the people around it.
type square struct {
	x    *xtest.Server
	user string

	mu     sync.Mutex
	out    io.Writer
	labels map[string]string // X's ids
	names  map[string]string // of people, by their ids
}

// person is the id by which X knows somebody.
func (s *square) person(name string) string {
	if name == "town" {
		return s.user
	}
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, name)
	id := fmt.Sprint(1_500_000_000_000_000_000 + int64(hash.Sum32()))
	s.mu.Lock()
	known := s.names[id] != ""
	s.names[id] = name
	s.mu.Unlock() // the server tells of what is sent while it is locked itself
	if !known {
		s.x.Person(id, name, strings.ToUpper(name[:1])+name[1:])
	}
	return id
}

// do does a step and shows it.
func (s *square) do(each step) error {
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

func (s *square) act(each step, who, on string) (made string, err error) {
	switch each.verb {
	case "posts":
		return s.x.Post(who, xtest.Draft{Text: each.text}), nil
	case "replies", "quotes":
		switch {
		case !s.x.Is(on):
			return "", errors.New("want [LABEL on LABEL] of a post")
		case each.verb == "quotes":
			return s.x.Post(who, xtest.Draft{Text: each.text, Quoted: on}), nil
		default:
			return s.x.Post(who, xtest.Draft{Text: each.text, InReplyTo: on}), nil
		}
	case "writes":
		return s.x.DM(who, s.user, each.text), nil
	case "encrypts":
		return s.x.Encrypted(who, s.user), nil
	case "reads":
		s.x.Read(who, s.user)
		return "", nil
	}
	of := s.labels[each.label]
	change, known := map[string]func(){
		"edits": func() { made = s.x.Edit(of, each.text) }, "deletes": func() { s.x.Delete(of) }, "hides": func() { s.x.Conceal(of) },
	}[each.verb]
	switch {
	case !known:
		return "", fmt.Errorf("nobody %s on X", each.verb)
	case of == "":
		return "", fmt.Errorf("nothing before has the label %q", each.label)
	case !s.x.Is(of):
		return "", fmt.Errorf("%q is no post", each.label)
	}
	change()
	return made, nil
}

// received shows what contactd sends to somebody.
func (s *square) received(to, text string) {
	s.mu.Lock()
	name := s.names[to]
	s.mu.Unlock()
	if name == "" {
		name = to
	}
	s.show("%s receives %s", name, text)
}

func (s *square) show(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(s.out, "%s x         %s\n", time.Now().Format(time.TimeOnly), strings.TrimSpace(fmt.Sprintf(format, args...)))
}
