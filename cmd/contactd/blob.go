package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"contactd/cmd/contactd/listener"
	"contactd/contact"
	"contactd/pipeline/journal"
)

// storeBlob gives bytes to contactd: into its folder when that is on this
// machine, else to its listener.
func storeBlob(ctx context.Context, c config, r io.Reader) (contact.Blob, error) {
	tools, err := journal.OpenTools(c.journalDir())
	if err != nil {
		return postBlob(ctx, c, r)
	}
	defer func() { _ = tools.Close() }()
	content, err := io.ReadAll(io.LimitReader(r, listener.UploadLimit+1))
	if err != nil {
		return contact.Blob{}, fmt.Errorf("read file: %w", err)
	}
	if len(content) > listener.UploadLimit {
		return contact.Blob{}, errTooLarge
	}
	return tools.Blobs().Store(ctx, bytes.NewReader(content))
}

var errTooLarge = fmt.Errorf("it is larger than %d bytes", listener.UploadLimit)

// postBlob sends bytes to the listener of a contactd elsewhere.
func postBlob(ctx context.Context, c config, r io.Reader) (contact.Blob, error) {
	var blob contact.Blob
	base := strings.TrimRight(c.Pipeline.BaseURL, "/")
	if base == "" {
		base = "http://" + c.HTTP.Listen
		if c.HTTP.CertFile != "" { // else the token would go out in the clear
			base = "https://" + c.HTTP.Listen
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/blobs", r)
	if err != nil {
		return blob, fmt.Errorf("store file: %w", err)
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	if c.HTTP.TokensFile != "" {
		token, err := c.HTTP.Token()
		if err != nil {
			return blob, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return blob, fmt.Errorf("store file: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return blob, fmt.Errorf("store file: %w", err)
	}
	if response.StatusCode != http.StatusCreated {
		return blob, fmt.Errorf("store file: %s: %s", response.Status, strings.TrimSpace(string(answer)))
	}
	if err := json.Unmarshal(answer, &blob); err != nil {
		return blob, fmt.Errorf("store file: read answer: %w", err)
	}
	return blob, nil
}
