// Package accounts is what channels on somebody else's platform have in common
// around each of their accounts: what its name may be and what mode it is in,
// how it is doing, how it is tried, what it has sent, and how what it took is
// read. What a platform says and wants is left to the channels.
package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"time"
)

// List are a channel's accounts.
type List[A Account] []A

// Account is one of them.
type Account interface {
	comparable
	// Names are the configured name and the platform's id.
	Names() (name, id string)
}

// Of returns the account with a configured name, or nil.
func (l List[A]) Of(name string) (found A) {
	for _, a := range l {
		if n, _ := a.Names(); n == name {
			return a
		}
	}
	return found
}

// With returns the account with one of the platform's ids, or nil.
func (l List[A]) With(id string) (found A) {
	for _, a := range l {
		if _, i := a.Names(); i == id {
			return a
		}
	}
	return found
}

// Names lists the configured names.
func (l List[A]) Names() []string {
	names := make([]string, len(l))
	for i, a := range l {
		names[i], _ = a.Names()
	}
	return names
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// CheckName says what is wrong with a configured name.
func CheckName(name string) error {
	if nameForm.MatchString(name) {
		return nil
	}
	return errors.New("want 1 to 64 letters, digits, dots, dashes or underscores")
}

// Doubles says which accounts have the name or the id of one before them; field
// is what the id is called.
func Doubles(names, ids []string, field string) (wrong []error) {
	seen := map[string]bool{}
	for i := range names {
		if seen["name "+names[i]] {
			wrong = append(wrong, fmt.Errorf("accounts[%d].name: %q is used twice", i, names[i]))
		}
		if seen["id "+ids[i]] {
			wrong = append(wrong, fmt.Errorf("accounts[%d].%s: %q is used twice", i, field, ids[i]))
		}
		seen["name "+names[i]], seen["id "+ids[i]] = true, true
	}
	return wrong
}

// IsService reports whether a secret may be sent to an address: by HTTPS, or to
// this machine.
func IsService(text string) bool {
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return false
	}
	ip := net.ParseIP(at.Hostname())
	return at.Scheme == "https" || at.Scheme == "http" && (at.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// Remember reads what an earlier run left, again and again until it can or ctx
// ends.
func Remember(ctx context.Context, pause time.Duration, log *slog.Logger, load func(context.Context) error) {
	for ctx.Err() == nil {
		err := load(ctx)
		if err == nil {
			return
		}
		log.Error("read what an earlier run left", "err", err)
		Sleep(ctx, pause)
	}
}

// Sleep waits; false when ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
