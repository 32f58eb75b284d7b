package facebook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"

	"contactd/channels"
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/graph"
	"contactd/contact"
)

// postFile sends a file by the Send API, as a form with the bytes [recall].
func (ch *Channel) postFile(ctx context.Context, a *account, m message, file contact.Attachment, into any) error {
	m.Message["attachment"] = map[string]any{"type": sort(file.MediaType), "payload": map[string]bool{"is_reusable": false}}
	fields := map[string]any{"recipient": m.Recipient, "messaging_type": m.Type, "message": m.Message}
	if m.Tag != "" {
		fields["tag"] = m.Tag
	}
	body, mediaType, err := ch.form(fields, "filedata", file)
	if err != nil {
		return channels.NotSent(err)
	}
	return a.graph.PostBody(ctx, a.inbox()+"/messages", body, mediaType, into)
}

// sort is Meta's word for a kind of file.
func sort(mediaType string) string {
	kind, _, _ := strings.Cut(mediaType, "/")
	switch kind {
	case "image", "video", "audio":
		return kind
	default:
		return "file"
	}
}

// form writes fields and a file. It is held in memory; the rules of an address
// bound its size.
func (ch *Channel) form(fields map[string]any, name string, file contact.Attachment) (body []byte, mediaType string, err error) {
	blob, err := ch.deps.Blobs.Open(file.SHA256)
	if err != nil {
		return nil, "", fmt.Errorf("open attachment: %w", err)
	}
	defer blob.Close()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	for key, value := range fields {
		text, isText := value.(string)
		if !isText {
			raw, err := json.Marshal(value)
			if err != nil {
				return nil, "", err
			}
			text = string(raw)
		}
		if err := form.WriteField(key, text); err != nil {
			return nil, "", err
		}
	}
	called := strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			return '_'
		}
		return r
	}, file.Name)
	if called == "" {
		called = "file"
	}
	header := textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, name, called)},
		"Content-Type":        {file.MediaType},
	}
	to, err := form.CreatePart(header)
	if err != nil {
		return nil, "", err
	}
	if n, err := io.Copy(to, io.LimitReader(blob, address.FileBytes+1)); err != nil || n > address.FileBytes {
		return nil, "", errors.Join(errors.New("read attachment: too large or broken"), err)
	}
	return closed(&out, form)
}

// sendWhatsApp sends a part by WhatsApp. A file is uploaded first.
func (ch *Channel) sendWhatsApp(ctx context.Context, a *account, where address.Address, reply contact.Reply, p part) (string, error) {
	body := map[string]any{
		"messaging_product": "whatsapp", "recipient_type": "individual", "to": where.To,
		"biz_opaque_callback_data": metadata(reply.ID, p.number, p.of), // comes back with the states [recall]
	}
	if p.attachment == nil {
		body["type"], body["text"] = "text", map[string]any{"body": p.text, "preview_url": false}
	} else {
		id, err := ch.upload(ctx, a, *p.attachment)
		if err != nil && !graph.Certain(err) {
			err = channels.NotSent(err) // a file alone reaches nobody
		}
		if err != nil {
			return "", err
		}
		kind := sort(p.attachment.MediaType)
		media := map[string]string{"id": id}
		if kind == "file" {
			kind = "document"
			media["filename"] = p.attachment.Name
		}
		body["type"], body[kind] = kind, media
	}
	var answer struct {
		Messages []struct {
			ID string `json:"id"`
		} `json:"messages"`
	}
	err := a.graph.Post(ctx, a.ID+"/messages", body, &answer)
	if err == nil && (len(answer.Messages) == 0 || answer.Messages[0].ID == "") {
		err = errors.New("post messages: the answer names no message")
	}
	if err != nil {
		return "", err
	}
	return answer.Messages[0].ID, nil
}

func (ch *Channel) upload(ctx context.Context, a *account, file contact.Attachment) (string, error) {
	body, mediaType, err := ch.form(map[string]any{"messaging_product": "whatsapp", "type": file.MediaType}, "file", file)
	if err != nil {
		return "", err
	}
	var answer struct {
		ID string `json:"id"`
	}
	if err := a.graph.PostBody(ctx, a.ID+"/media", body, mediaType, &answer); err != nil {
		return "", err
	}
	if answer.ID == "" {
		return "", errors.New("post media: the answer names no file")
	}
	return answer.ID, nil
}

// closed ends a form before its bytes are taken.
func closed(out *bytes.Buffer, form *multipart.Writer) (body []byte, mediaType string, err error) {
	err = form.Close()
	return out.Bytes(), form.FormDataContentType(), err
}
