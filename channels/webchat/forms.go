package webchat

import (
	"context"
	"io"
	"net/http"
	"net/netip"

	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/forms"
	"contactd/channels/webchat/upload"
)

// formsConfig is what the forms have to know of the chat's configuration.
func (c Config) formsConfig() forms.Config {
	sites := make([]forms.Site, len(c.Sites))
	for i, s := range c.Sites {
		sites[i] = forms.Site{Name: s.Name, Origins: s.Origins, ExitURL: s.ExitURL, Phone: s.Phone}
		if own := originOf(c.URL); own != "" {
			// A proxy may ask us under another name than the browser's.
			sites[i].Origins = append([]string{own}, s.Origins...)
		}
	}
	return forms.Config{
		Forms: c.Forms, Sites: sites,
		Uploads: forms.Uploads{
			Limits:     upload.Limits{FileBytes: c.Uploads.FileBytes, MediaTypes: c.Uploads.MediaTypes},
			PerMessage: c.Uploads.FilesPerMessage,
		},
	}
}

// withForms fills what the forms decide: a demonstration without any shows
// those that are ready, and who cannot chat is led to the first form of a site
// that names none.
func (c Config) withForms() (Config, error) {
	if c.Demo && len(c.Forms) == 0 {
		ready, err := forms.Ready()
		if err != nil {
			return c, err
		}
		c.Forms = ready
	}
	for i := range c.Sites {
		site := &c.Sites[i]
		for _, form := range c.Forms {
			if site.FormURL == "" && (form.Account == site.Name || form.Account == "" && i == 0) {
				site.FormURL = "/forms/" + form.Name
			}
		}
	}
	return c, nil
}

// newForms makes the forms.
func (ch *Channel) newForms() (*forms.Forms, error) {
	deps := forms.Deps{Blobs: ch.deps.Blobs, Log: ch.deps.Log, Now: ch.deps.Now, Address: ch.limited}
	if ch.deps.Judge != nil {
		deps.Urgent = ch.deps.Judge.Urgent
	}
	if ch.deps.Room != nil {
		deps.Spare = ch.deps.Room.Spare
	}
	if ch.config.ClamAV.Address != "" {
		deps.Scan = func(ctx context.Context, r io.Reader) (string, error) {
			return clamav.Infected(ctx, ch.config.ClamAV, r)
		}
	}
	return forms.New(ch.config.formsConfig(), deps)
}

// limited is the address that a request counts for, none when many people
// share it.
func (ch *Channel) limited(req *http.Request) netip.Addr {
	address := ch.proxies.Client(req)
	if ch.shared(address) {
		return netip.Addr{}
	}
	return address
}

// serveForms is in front of the forms, which guard themselves: what a form's
// page sends is nobody's chat, and never refused because there is much of it.
func (r *running) serveForms() http.Handler {
	inner := r.forms.Handler(r.inbox)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.proxies.Scheme(req) == "https" {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		r.noticeProxy(req)
		inner.ServeHTTP(w, req)
	})
}
