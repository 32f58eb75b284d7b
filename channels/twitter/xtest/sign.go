package xtest

import (
	"crypto/hmac"
	"crypto/sha1" // what OAuth 1.0a signs with
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signer returns the account in whose name a request was signed, or nil. It
// works the signature out by itself (RFC 5849, 3.4). The caller holds mutex.
func (s *Server) signer(r *http.Request, body []byte) *Account {
	header := r.Header.Get("Authorization")
	if token, found := strings.CutPrefix(header, "Bearer "); found {
		for _, a := range s.state.Accounts {
			if until, there := a.Access[token]; there && s.Now().Before(until) {
				return a
			}
		}
		return nil
	}
	params, found := strings.CutPrefix(header, "OAuth ")
	if !found {
		return nil
	}
	given := map[string]string{}
	for _, each := range strings.Split(params, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(each), "=")
		value, _ = url.PathUnescape(strings.Trim(value, `"`))
		given[key] = value
	}
	if given["oauth_consumer_key"] != s.options.ConsumerKey {
		return nil
	}
	for _, a := range s.state.Accounts {
		if a.Token != given["oauth_token"] || a.Token == "" {
			continue
		}
		if hmac.Equal([]byte(given["oauth_signature"]), []byte(signature(r, body, given, s.options.ConsumerSecret, a.Secret))) {
			return a
		}
	}
	return nil
}

func signature(r *http.Request, body []byte, given map[string]string, consumer, token string) string {
	var pairs []string
	add := func(key, value string) { pairs = append(pairs, escape(key)+"="+escape(value)) }
	for key, value := range given {
		if key != "oauth_signature" && key != "realm" {
			add(key, value)
		}
	}
	for key, values := range r.URL.Query() {
		for _, value := range values {
			add(key, value)
		}
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(body))
		for key, values := range form {
			for _, value := range values {
				add(key, value)
			}
		}
	}
	slices.Sort(pairs)
	text := r.Method + "&" + escape("http://"+r.Host+r.URL.EscapedPath()) + "&" + escape(strings.Join(pairs, "&"))
	mac := hmac.New(sha1.New, []byte(escape(consumer)+"&"+escape(token)))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// escape writes a text as OAuth does.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
