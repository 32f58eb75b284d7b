package webchat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"contactd/channels"
	"contactd/channels/certificate"
	"contactd/channels/webchat/clamav"
	"contactd/channels/webchat/widget"
)

// Check tries what the server needs: its certificate, its texts, its scanner.
// It does not listen, because a running contactd may.
func (ch *Channel) Check(ctx context.Context) []channels.Tried {
	wrong := []error{certificate.Try(ch.config.CertFile, ch.config.KeyFile)}
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
	if ch.config.CertFile == "" && len(ch.proxies) == 0 && strings.HasPrefix(ch.config.URL, "https:") {
		detail += ", without trusted_proxies all people count as the proxy"
	}
	tried := make([]channels.Tried, len(ch.config.Sites))
	for i, site := range ch.config.Sites {
		tried[i] = channels.Tried{Account: site.Name, Detail: fmt.Sprintf("%s, %d origins", detail, len(site.Origins)), Err: errors.Join(wrong...)}
	}
	return tried
}
