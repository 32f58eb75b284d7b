// Package widget is what the public sees of web chat: the script chat.js that
// puts a chat on any page, the page /chat that needs no other, and a page for
// demonstrations. It holds files and serves them; the conversation itself is
// between the script and the channel webchat, over the protocol contactd.chat.v1.
//
//	js/*.js + style.css + lang/en.json ─▶ /chat.js        one file, put together at start
//	lang/*.json, Config.Languages      ─▶ /chat/lang/…    the texts of the other languages
//	page/*.html, page/page.css         ─▶ /chat, /demo
//
// There is no build step: what is served is what lies here, without comments
// and spaces. The script asks no third party for anything, sets no cookie and
// keeps nothing before the person writes.
package widget
