package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"contactd/channels/twitter/xtest"
)

//go:embed x.txt
var xScript []byte

type xCommand struct {
	Base    string  `help:"The public listener of contactd, to which X delivers." default:"http://127.0.0.1:8091"`
	Path    string  `help:"Where the channel stands on it." default:"/twitter"`
	Listen  string  `help:"Where the simulated API answers: contactd's api_url, with http:// before it." default:"127.0.0.1:8096"`
	User    string  `help:"The account's number." default:"1000000000000000001"`
	Script  string  `help:"Who does what, one step a line. Default: a quarter of a minute around an account." type:"existingfile" placeholder:"FILE"`
	Trouble float64 `help:"How unreliable X is, 0 to 1: deliveries are dropped, doubled and shuffled, calls fail."`
	platformFlags
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
	dir, err := writeSecrets(dir, map[string]string{"twitter.secret": simConsumerSecret, "twitter.bearer": simBearer, "twitter.token": simUserToken + "\n" + simUserSecret})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`  twitter:
    api_url: http://%s
    consumer_key: %s
    consumer_secret_file: %[3]s/twitter.secret
    bearer_token_file: %[3]s/twitter.bearer
    poll_mentions: 5s
    poll_messages: 1m
    lookup_after: 5s
    accounts:
      - {name: town, user_id: %q, token_file: %[3]s/twitter.token}
`, c.Listen, simConsumerKey, dir, c.User), nil
}

// Run plays the script.
func (c xCommand) Run(ctx context.Context, out io.Writer) error {
	return c.run(ctx, platform{name: "x", trouble: c.Trouble, script: xScript, file: c.Script, config: c.config, play: c.play}, out)
}

// play opens the simulator, does the steps, and shows what people receive.
func (c xCommand) play(ctx context.Context, steps []step, out io.Writer) error {
	s := &square{user: c.User, cast: newCast("x", out)}
	x, err := xtest.Start(xtest.Options{
		Options:     simulatorOptions(c.Listen, c.Base, c.Path, s.received),
		ConsumerKey: simConsumerKey, ConsumerSecret: simConsumerSecret, Bearer: simBearer,
	})
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	s.x = x
	x.Account(c.User, "town", simUserToken, simUserSecret)
	x.Weather(xtest.Weather{Duplicate: c.Trouble, Drop: c.Trouble / 4, Reorder: c.Trouble, Calls: c.Trouble / 2})
	return c.follow(ctx, "x", c.Base, steps, x, s.do)
}

// square is an account with the people around it.
type square struct {
	*cast
	x    *xtest.Server
	user string
}

// person is the id by which X knows somebody.
func (s *square) person(name string) string {
	if name == "town" {
		return s.user
	}
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, name)
	id := fmt.Sprint(1_500_000_000_000_000_000 + int64(hash.Sum32()))
	if !s.meet(id, name) {
		s.x.Person(id, name, strings.ToUpper(name[:1])+name[1:])
	}
	return id
}

// do does a step and shows it.
func (s *square) do(each step) error {
	who := s.person(each.who)
	return s.cast.do(each, func(on string) (string, error) { return s.act(each, who, on) })
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
