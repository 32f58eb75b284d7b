package pipeline

// Kafka topics of the event contract.
const (
	TopicEvents   = "contact.events"   // every life-cycle event, key = conversation
	TopicAlerts   = "contact.alerts"   // emergency escalations, self-contained
	TopicReplies  = "contact.replies"  // commands from whoever answers
	TopicSignals  = "contact.signals"  // typing and presence, both ways: seconds only, may be lost
	TopicFeedback = "cad.feedback"     // what CAD says
	TopicRejected = "contact.rejected" // what no step could handle
)

// Metadata keys of envelopes (Watermill messages). On Kafka, MetaKey becomes
// the record key and MetaLane chooses the writer; every other key becomes a
// record header of the same name. MetaPartition and MetaOffset are never sent:
// a publisher sets them when the broker has acknowledged the record, and a
// subscriber when it has read it.
const (
	MetaKey       = "key"       // the conversation
	MetaLane      = "lane"      // a Lane
	MetaDigest    = "sha256"    // of the payload, lower-case hex, checked on reading
	MetaRow       = "row"       // a RowMark: where it stands in whose journal
	MetaPartition = "partition" // decimal
	MetaOffset    = "offset"    // decimal
)

// AllChannels is the topic under which the journal's subscribers deliver the
// messages of every channel; any other topic is one channel's kind.
const AllChannels = "all"
