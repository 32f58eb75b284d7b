package twitter

import (
	"context"
	"net/url"
	"path"
	"strings"

	"contactd/channels"
	"contactd/channels/files"
	"contactd/channels/todo"
	"contactd/channels/twitter/element"
	"contactd/contact"
)

// fetch is a file of a post or direct message that remains to be fetched.
type fetch struct{ element.File }

// Key implements todo.Task.
func (f fetch) Key() string { return f.ID }

// Kind implements todo.Task.
func (fetch) Kind() string { return "file" }

// newTodo is what remains to be fetched for an account. Above the bound files
// are left to their addresses in the text. Lists show the same posts again and
// again, so what was fetched is not fetched again.
func newTodo(account string) *todo.List[fetch] {
	return todo.New[fetch]("twitter/"+account+"/files", map[string]todo.Kind{"file": {Most: 300, Once: true}}, nil)
}

// work fetches files for an account until ctx ends.
func (ch *Channel) work(ctx context.Context, a *account, inbox channels.Inbox) {
	a.todo.Work(ctx, inbox, todo.Worker[fetch]{
		Do: func(ctx context.Context, f fetch, tries int) ([]channels.Original, error) {
			return ch.fetchFile(ctx, a, f.File, tries)
		},
		Retry: ch.timing.retry, Longest: ch.timing.longest, Now: ch.now, Log: ch.log.With("account", a.Name),
		Left: func(n int) { ch.metrics.todo.WithLabelValues(a.Name).Set(float64(n)) },
	})
}

// fetchFile fetches a file and makes it the news that what it came with has it.
// What cannot be had is told too; its address stays in the text.
func (ch *Channel) fetchFile(ctx context.Context, a *account, f element.File, tries int) ([]channels.Original, error) {
	attachment, err := ch.download(ctx, a, f)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && files.Again(err, tries):
		return nil, err
	case err != nil: // perhaps with what was in its place
		ch.metrics.missed.WithLabelValues(a.Name).Inc()
		ch.log.Warn("file of a message cannot be fetched", "account", a.Name, "err", err)
	}
	news := f.Fetched(a.UserID, attachment)
	return []channels.Original{{
		Channel: Kind, Account: a.Name, ID: f.ID, MediaType: element.MediaType, ReceivedAt: element.Millis(f.At), Bytes: news.Original(),
	}}, nil
}

// download tries a file's addresses, the best first. With files.ErrOther comes
// what was there.
func (ch *Channel) download(ctx context.Context, a *account, f element.File) (*contact.Attachment, error) {
	failed := files.ErrForbidden
	var other *contact.Attachment
	for _, address := range ch.addresses(a, f) {
		file := files.File{URL: address, Kind: f.Type}
		if f.Private {
			file.Sign = a.client.Sign
		}
		attachment, err := ch.fetcher().Fetch(ctx, file)
		if err == nil {
			return &attachment, nil
		}
		if attachment.SHA256 != "" {
			other = &attachment
		}
		if !files.Again(failed, 0) { // the most hopeful counts
			failed = err
		}
		if !files.Elsewhere(err) {
			break
		}
	}
	return other, failed
}

// tonPath begins the paths of pictures of direct messages, which end in the
// message, the medium and the file. The host takes OAuth 1.0a alone ("Retrieving
// media"); the API gives the same to OAuth 2.0 too.
const tonPath = "/1.1/ton/data/dm/"

// addresses are where a file may be had with the account's authorisation.
func (ch *Channel) addresses(a *account, f element.File) []string {
	var all []string
	for _, each := range f.URLs {
		u, err := url.Parse(each)
		if err != nil {
			continue
		}
		parts, private := strings.CutPrefix(u.Path, tonPath)
		private = private && f.Private && len(strings.Split(parts, "/")) == 3 && path.Clean(u.Path) == u.Path
		if !private || a.Auth == authOAuth1 {
			all = append(all, each)
		}
		if private {
			all = append(all, ch.config.APIURL+"/2/dm_conversations/media/"+parts)
		}
	}
	return all
}

// fetcher goes to X's hosts. A simulator on this machine, set as api_url, is its
// own host.
func (ch *Channel) fetcher() *files.Fetcher {
	f := &files.Fetcher{Hosts: ch.config.MediaHosts, Blobs: ch.deps.Blobs}
	if base, err := url.Parse(ch.config.APIURL); err == nil {
		f.Hosts = append(f.Hosts[:len(f.Hosts):len(f.Hosts)], base.Hostname())
	}
	if strings.HasPrefix(ch.config.APIURL, "http://") {
		f.Simulator = ch.config.APIURL
	}
	return f
}
