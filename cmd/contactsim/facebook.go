package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io"

	"contactd/channels/facebook/graphsim"
)

//go:embed facebook.txt
var facebookScript []byte

type facebookCommand struct {
	Base    string  `help:"The public listener of contactd, to which Meta delivers." default:"http://127.0.0.1:8091"`
	Path    string  `help:"Where the channel stands on it." default:"/facebook"`
	Listen  string  `help:"Where the simulated API answers: contactd's graph_url, with http:// before it." default:"127.0.0.1:8095"`
	Page    string  `help:"The page's id." default:"100000000000001"`
	Script  string  `help:"Who does what, one step a line. Default: a quarter of a minute on a page." type:"existingfile" placeholder:"FILE"`
	Trouble float64 `help:"How unreliable Meta is, 0 to 1: deliveries are dropped, doubled and shuffled, calls fail."`
	platformFlags
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
	dir, err := writeSecrets(dir, map[string]string{"facebook.secret": simAppSecret, "facebook.verify": simVerifyToken, "facebook.token": simAccessToken})
	if err != nil {
		return "", err
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
	return c.run(ctx, platform{name: "facebook", trouble: c.Trouble, script: facebookScript, file: c.Script, config: c.config, play: c.play}, out)
}

// play opens the simulator, does the steps, and shows what people receive.
func (c facebookCommand) play(ctx context.Context, steps []step, out io.Writer) error {
	s := &town{page: c.Page, cast: newCast("facebook", out)}
	meta, err := graphsim.Start(graphsim.Options{
		Options:   simulatorOptions(c.Listen, c.Base, c.Path, s.received),
		AppSecret: simAppSecret, VerifyToken: simVerifyToken, Token: simAccessToken,
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
	return c.follow(ctx, "facebook", c.Base, steps, meta, s.do)
}

// town is a page with its people.
type town struct {
	*cast
	meta *graphsim.Server
	page string
}

// person is the id by which Meta knows somebody.
func (s *town) person(name string) string {
	if name == "page" {
		return s.page
	}
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, name)
	id := fmt.Sprint(20_000_000_000 + int64(hash.Sum32()))
	s.meet(id, name)
	s.meta.Name(id, name)
	return id
}

// do does a step and shows it.
func (s *town) do(each step) error {
	who := s.person(each.who)
	return s.cast.do(each, func(on string) (string, error) { return s.act(each, who, on) })
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
