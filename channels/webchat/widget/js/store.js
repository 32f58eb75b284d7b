// What this browser keeps: the token, what is not sent yet, with names of files, in
// the tab's own sessionStorage, from the first letter that the person writes.
// The conversation itself is never kept: the server sends it again.

/** Neutral, because whoever looks through the browser may read it. */
const STORE_NAME = 'cc:'

class Store {
  constructor(site) {
    this.key = STORE_NAME + site
    this.kept = {}
    this.read()
  }

  /** read also finds what another page of this tab has kept since. */
  read() {
    try {
      this.kept = JSON.parse(sessionStorage.getItem(this.key)) || {}
    } catch {
      // Storage may be forbidden: then a reload loses the draft and no more.
    }
  }

  keep(part) {
    Object.assign(this.kept, part)
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.kept))
    } catch {
      // Forbidden or full; what is kept in memory goes on working.
    }
  }

  clear() {
    this.kept = {}
    try {
      // Of every site, should a page have several.
      Object.keys(sessionStorage).filter((key) => key.startsWith(STORE_NAME)).forEach((key) => sessionStorage.removeItem(key))
    } catch {
      // Nothing can be there then.
    }
  }
}

/**
 * Tabs is the other tabs of the same page or site. A second tab asks the first
 * for its conversation, and a quick exit closes the chat in all of them.
 * Messages: {ask} who has a conversation, {have: token, covert, read} here is
 * one, {covert} it is quiet now or not, {exit}.
 */
class Tabs {
  constructor(site, heard) {
    try {
      this.channel = new BroadcastChannel(STORE_NAME + site)
      this.channel.onmessage = (event) => heard(event.data || {})
    } catch {
      // An old browser, or one that forbids it with the storage.
    }
  }

  tell(what) {
    if (this.channel) this.channel.postMessage(what)
  }
}
