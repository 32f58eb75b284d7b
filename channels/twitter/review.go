package twitter

import (
	"context"
	"slices"

	"contactd/channels"
	"contactd/channels/twitter/api"
	"contactd/channels/twitter/element"
)

// lookUps is how many posts X looks up at a time.
const lookUps = 100

// reviews returns the look at whether an account's posts still stand: X tells
// of no deletion, and of an edit only by the way.
func (ch *Channel) reviews(a *account, inbox channels.Inbox) func(context.Context) error {
	return func(ctx context.Context) error {
		speaker, err := a.speak(ctx)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(a.watched.since(ch.now().Add(-ch.config.Follow)), lookUps) {
			if err := ch.review(ctx, a, speaker, inbox, some); err != nil {
				return err
			}
		}
		return a.watched.save(ctx, inbox)
	}
}

// review looks some posts up and accepts what has become of them.
func (ch *Channel) review(ctx context.Context, a *account, speaker speaker, inbox channels.Inbox, posts []watch) error {
	byLast := map[string]watch{}
	var ids []string
	for _, each := range posts {
		byLast[each.last()] = each
		ids = append(ids, each.last())
	}
	page, err := speaker.LookUp(ctx, ids)
	if err != nil {
		return err
	}
	ch.metrics.listed.WithLabelValues(a.Name, "review").Add(float64(len(page.Things)))
	b, newer := &batch{ch: ch}, []string{}
	for _, raw := range page.Things {
		if last := lastVersion(a, page, raw); last != "" && byLast[element.IDOf(raw)].First != "" && element.Less(element.IDOf(raw), last) {
			newer = append(newer, last)
		}
	}
	if err := ch.takeVersions(ctx, a, speaker, b, newer); err != nil {
		return err
	}
	var gone []string
	for _, problem := range page.Problems {
		each, asked := byLast[problemID(problem)]
		as := goneAs(problem)
		if !asked || as == "" {
			continue
		}
		gone = append(gone, each.First)
		b.add(element.Element{
			Owner: a.UserID, Dialect: page.Dialect, Kind: element.Post, Via: element.Lookup, As: as, Of: each.First, Writer: each.Writer,
			Time: ch.now().UnixMilli(), Raw: problem.Raw,
		})
	}
	if err := b.accept(ctx, inbox); err != nil {
		return err
	}
	for _, first := range gone {
		a.watched.drop(first)
	}
	return nil
}

// takeVersions takes the latest versions of posts of which X showed an older.
func (ch *Channel) takeVersions(ctx context.Context, a *account, speaker speaker, b *batch, ids []string) error {
	for some := range slices.Chunk(ids, lookUps) {
		page, err := speaker.LookUp(ctx, some)
		if err != nil {
			return err
		}
		for _, raw := range page.Things {
			e := ch.listed(a, element.Post, page, raw)
			e.Via = element.Lookup
			b.add(e)
		}
	}
	return nil
}

// lastVersion is the id of the latest version that a post names.
func lastVersion(a *account, page api.Page, raw []byte) string {
	item, _, err := element.Element{Owner: a.UserID, Dialect: page.Dialect, Kind: element.Post, Raw: raw}.ReadPost()
	if err != nil {
		return ""
	}
	return item.Last
}

func problemID(p api.Problem) string {
	if p.ResourceID != "" {
		return p.ResourceID
	}
	return p.Value
}

// goneAs says what a problem means for a post; empty when it may pass.
func goneAs(p api.Problem) string {
	switch p.Word() {
	case "resource-not-found":
		return element.Withdrawn
	case "not-authorized-for-resource": // protected, suspended or withheld
		return element.Concealed
	default:
		return ""
	}
}
