package webchat

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"contactd/channels"
	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/widget"
)

// Check tries what the server needs: its certificate, its texts, its scanner.
// It does not listen, because a running contactd may.
func (ch *Channel) Check(ctx context.Context) []channels.Tried {
	wrong := []error{ch.config.tryCertificate()}
	if _, err := widget.New(widget.Config{Languages: ch.config.LanguagesDir}); err != nil {
		wrong = append(wrong, fmt.Errorf("languages_dir: %w", err))
	}
	detail := ch.config.Listen
	if ch.config.ClamAV.Address != "" {
		if err := clamav.Ping(ctx, ch.config.ClamAV); err != nil {
			wrong = append(wrong, fmt.Errorf("clamav.address: %w; until it answers, files are kept back", err))
		}
		detail += ", scanner at " + ch.config.ClamAV.Address
	}
	tried := make([]channels.Tried, len(ch.config.Sites))
	for i, site := range ch.config.Sites {
		tried[i] = channels.Tried{Account: site.Name, Detail: fmt.Sprintf("%s, %d origins", detail, len(site.Origins)), Err: errors.Join(wrong...)}
	}
	return tried
}

// tryCertificate reads the certificate and its key, if there are any.
func (c Config) tryCertificate() error {
	if c.CertFile == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
		return fmt.Errorf("cert_file: %w", err)
	}
	return nil
}
