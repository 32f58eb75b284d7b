package twitter

import (
	"context"

	"contactd/channels"
	"contactd/channels/accounts"
	"contactd/channels/twitter/element"
	"contactd/contact"
)

// Read turns an original into a message. It asks nobody, so it gives the same
// whenever it is called.
func (ch *Channel) Read(_ context.Context, original channels.Original) (contact.Message, error) {
	a := ch.accounts.Of(original.Account)
	return accounts.Read(ch.deps.Blobs, original, a != nil, func(raw []byte) (contact.Message, error) {
		e, err := element.ReadOriginal(raw)
		if err != nil {
			return contact.Message{}, err
		}
		where := element.Where{Channel: Kind, Account: original.Account}
		if a != nil {
			where.Rights = a.rights()
		}
		return element.Read(e, where)
	})
}
