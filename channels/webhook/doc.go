// Package webhook receives what platforms deliver over HTTP, for every channel
// that is called that way. A Receiver owns the order of work:
//
//	read (bounded) ─▶ verify ─▶ take: durable ─▶ 200
//
// and the status codes that make a platform behave: 401 for a bad signature,
// 503 while nobody receives or the inbox refuses, so that it delivers again.
//
// It leaves to the channel what is signed and how (Config.Verify), what a
// delivery means (Config.Take) and how the platform makes sure of us
// (Config.Challenge); and to cmd/contactd the public listener, its time-outs
// and who may say from where a request came.
package webhook
