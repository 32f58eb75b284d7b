package facebook

import (
	"contactd/channels/facebook/address"
	"contactd/channels/facebook/delivery"
	"contactd/channels/facebook/instagram"
	"contactd/channels/facebook/messaging"
	"contactd/channels/facebook/page"
	"contactd/channels/facebook/whatsapp"
	"contactd/contact"
)

// The objects that Meta delivers for.
const (
	objectPage      = "page"
	objectInstagram = "instagram"
	objectWhatsApp  = "whatsapp_business_account"
)

var messenger = messaging.Platform{Prefix: "fb", Kind: "facebook_dm", Address: address.Messenger}

// apart splits what holds several messages in one element.
func apart(e delivery.Element) []delivery.Element {
	if e.Object == objectWhatsApp {
		return whatsapp.Split(e)
	}
	return []delivery.Element{e}
}

// sortElement says what is to be done with an element of any object.
func sortElement(e delivery.Element) delivery.Sorted {
	switch {
	case e.Kind == delivery.Unread:
		return parked(e)
	case e.Object == objectPage && ofConversation(e):
		return messenger.Sort(e)
	case e.Object == objectPage:
		return page.Sort(e)
	case e.Object == objectInstagram && ofConversation(e):
		return instagram.Messages.Sort(e)
	case e.Object == objectInstagram:
		return instagram.Sort(e)
	case e.Object == objectWhatsApp:
		return whatsapp.Sort(e)
	default:
		return parked(e)
	}
}

func parked(e delivery.Element) delivery.Sorted {
	return delivery.Sorted{ID: "meta:" + e.Entry + ":parked:" + delivery.Hash(e.Object, e.Field, string(e.Raw)), At: delivery.Moment(e.Time)}
}

func ofConversation(e delivery.Element) bool {
	return e.Kind == delivery.Messaging || e.Kind == delivery.Standby || e.Kind == delivery.Object && e.Field == "message"
}

// readElement turns an element of any object into a message.
func readElement(e delivery.Element, w messaging.Where) (contact.Message, error) {
	switch {
	case e.Kind == delivery.Unread:
		return contact.Message{
			Channel:      contact.Channel{Kind: "other", Visibility: "private", Direction: "inbound"},
			Authenticity: contact.Claimed, Checks: e.Checks(), Unreadable: "a piece of a delivery that is not known here",
		}, nil
	case e.Kind == delivery.Fetched:
		return readFetched(e, w)
	case e.Object == objectPage && ofConversation(e):
		return messenger.Read(e, w)
	case e.Object == objectPage:
		return page.Read(e, w)
	case e.Object == objectInstagram && ofConversation(e):
		return instagram.Messages.Read(e, w)
	case e.Object == objectInstagram:
		return instagram.Read(e, w)
	case e.Object == objectWhatsApp:
		return whatsapp.Read(e, w)
	default:
		return contact.Message{
			Channel:      contact.Channel{Kind: "other", Visibility: "private", Direction: "inbound"},
			Authenticity: contact.Claimed, Checks: e.Checks(), Unreadable: "a delivery for an object that is not known here",
		}, nil
	}
}
