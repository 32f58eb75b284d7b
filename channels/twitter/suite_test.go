package twitter

import (
	"testing"

	"contactd/channels"
	"contactd/channels/channelstest"
	"contactd/channels/twitter/address"
	"contactd/channels/twitter/element"
	"contactd/channels/twitter/xtest"
)

// unreadable are originals that hold nothing, or nothing known.
func unreadable() []channels.Original {
	odd := func(id, kind, dialect, raw string) channels.Original {
		e := element.Element{Owner: townID, Dialect: dialect, Via: element.Webhook, Kind: kind, Raw: []byte(raw)}
		return channels.Original{Channel: Kind, Account: "town", ID: id, MediaType: element.MediaType, Bytes: e.Original()}
	}
	return []channels.Original{
		{Channel: Kind, Account: "town", ID: "x:parked:1", MediaType: "application/json", Bytes: []byte("{"), Defect: "no JSON"},
		{Channel: Kind, Account: "town", ID: "x:dm:1", MediaType: element.MediaType, Bytes: []byte("no JSON")},
		{Channel: Kind, Account: "gone", ID: "x:dm:2", MediaType: element.MediaType, Bytes: []byte(`{"dialect":"v2","kind":"dm","raw":7}`)},
		odd("x:post:3", element.Post, element.V2, `[]`), odd("x:post:4", element.Post, element.V1, `{"text":7}`),
		odd("x:dm:5", element.DM, element.V1, `{"message_create":7}`), odd("x:parked:6", element.Unread, element.V2, `{"smoke":"signal"}`),
		odd("x:dm:7", element.DM, element.V2, `{"id":"7","text":{"a":1}}`),
	}
}

func TestTwitterKeepsThePromisesOfAChannel(t *testing.T) {
	for name, each := range map[string]struct {
		form xtest.Form
		send func(r *rig, text string)
	}{
		"messages by account activity": {xtest.AccountActivity, func(r *rig, text string) { r.x.DM(resident, townID, text) }},
		"mentions by the activity API": {xtest.ActivityAPI, func(r *rig, text string) { r.x.Post(resident, xtest.Draft{Text: "@town " + text}) }},
	} {
		t.Run(name, func(t *testing.T) {
			channelstest.Run(t, channelstest.Setup{
				Secret: wrongSecret,
				New: func(t *testing.T) channelstest.Platform {
					r := newRig(t)
					r.x.Form(each.form)
					r.hook()
					return channelstest.Platform{
						Open:     func(deps channelstest.Deps) channels.Channel { return r.open(r.config(), deps) },
						Refusing: func(deps channelstest.Deps) channels.Channel { return r.open(r.refused(), deps) },
						Send:     func(text string) { each.send(r, text) },
						Again:    r.x.Again,
						Told:     r.x.Told,
					}
				},
				Unreadable: unreadable(),
			})
		})
	}
	for name, send := range map[string]func(r *rig, text string){
		"messages by polling": func(r *rig, text string) { r.x.DM(resident, townID, text) },
		"mentions by polling": func(r *rig, text string) { r.x.Post(resident, xtest.Draft{Text: "@town " + text}) },
	} {
		for _, version := range []string{version2, version1, versionAuto} {
			t.Run(name+" "+version, func(t *testing.T) {
				channelstest.Run(t, channelstest.Setup{Secret: wrongSecret, Unreadable: unreadable(), New: func(t *testing.T) channelstest.Platform {
					r := newRig(t)
					if version == versionAuto {
						r.x.Plan(true, false)
					}
					with := func(c Config) Config { c.Accounts[0].Transport = version; return c }
					return channelstest.Platform{
						Open:     func(deps channelstest.Deps) channels.Channel { return r.open(with(r.config()), deps) },
						Refusing: func(deps channelstest.Deps) channels.Channel { return r.open(with(r.refused()), deps) },
						Send:     func(text string) { send(r, text) },
					}
				}})
			})
		}
	}
}

// replying is an account from which somebody waits for an answer.
func replying(t *testing.T, version string, to func(r *rig) (to, nobody channels.Address, received func() []string)) channelstest.ReplyPlatform {
	r := newRig(t)
	address, nobody, received := to(r)
	with := func(c Config) Config { c.Accounts[0].Transport = version; return c }
	return channelstest.ReplyPlatform{
		Open:     func(deps channelstest.Deps) channels.Replier { return r.open(with(r.config()), deps) },
		Refusing: func(deps channelstest.Deps) channels.Replier { return r.open(with(r.refused()), deps) },
		To:       address, Nobody: nobody, Received: received,
		Silent: r.x.Silent,
		Lose:   func() { r.x.Fail(lostAnswer("POST")) },
		Away:   r.away,
	}
}

// lostAnswer takes what is sent and breaks the connection before it says so.
func lostAnswer(call string) xtest.Fault { return xtest.Fault{Call: call + " ", After: true} }

// away makes the API unreachable, or reachable again.
func (r *rig) away(away bool) {
	if err := r.x.Away(away); err != nil {
		r.T.Error(err)
	}
}

func toPerson(id string) channels.Address {
	return channels.Address{Account: "town", Answer: address.Address{Kind: address.DM, To: id}.Encode()}
}

func toPost(id string) channels.Address {
	return channels.Address{Account: "town", Answer: address.Address{Kind: address.Post, To: id, Writer: resident, Root: id, Summoned: true}.Encode()}
}

func TestMessagesKeepThePromisesOfAReplier(t *testing.T) {
	for _, version := range []string{version2, version1} {
		t.Run(version, func(t *testing.T) {
			channelstest.RunReplier(t, channelstest.ReplySetup{Secret: wrongSecret, New: func(t *testing.T) channelstest.ReplyPlatform {
				return replying(t, version, func(r *rig) (channels.Address, channels.Address, func() []string) {
					r.x.DM(resident, townID, "is anybody there?")
					return toPerson(resident), toPerson("999"), func() []string { return r.x.Received(townID, resident) }
				})
			}})
		})
	}
}

func TestPostsKeepThePromisesOfAReplier(t *testing.T) {
	for _, version := range []string{version2, version1} {
		t.Run(version, func(t *testing.T) {
			channelstest.RunReplier(t, channelstest.ReplySetup{Secret: wrongSecret, New: func(t *testing.T) channelstest.ReplyPlatform {
				return replying(t, version, func(r *rig) (channels.Address, channels.Address, func() []string) {
					post := r.x.Post(resident, xtest.Draft{Text: "@town is anybody there?"})
					return toPost(post), toPost("999"), func() []string { return r.x.Answers(townID, post) }
				})
			}})
		})
	}
}
