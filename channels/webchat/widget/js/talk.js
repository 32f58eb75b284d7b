// The conversation: what was said, what is on its way, and what is known about
// the desk. It draws nothing; the element does, when it is told what changed.

/**
 * Talk holds one conversation. entries are in the order in which they are shown:
 *   {kind: 'own', id, type, text, files, at, state, code?}   the person's message,
 *     location or details; state: waiting, taken (durable), seen, later, refused
 *   {kind: 'reply', id, text, files, signedAs, automatic, at}
 *   {kind: 'notice', id, code, text, at}
 * Events go to show: entry(e, isNew), all(), status(), typing(on), joined(), exit(),
 * renew(unsent) for another chat, wrong(why) of an address: true if it says so.
 */
class Talk {
  constructor(options, store, show) {
    Object.assign(this, options)
    this.store = store
    this.show = show
    /** What the site says; filled once it was asked. */
    this.about = null
    this.desk = null
    this.covert = options.covert || store.kept.covert || false
    store.kept.covert = this.covert
    this.wire = new Wire(this.server, {
      token: () => this.begin(),
      after: () => this.last,
      frame: (frame) => this.take(frame),
      changed: () => this.show.status(),
      forgotten: () => this.forgotten(),
    })
    this.tabs = new Tabs(this.site, (told) => this.hearTab(told))
    this.reset()
    this.recall()
    if (!this.token) this.tabs.tell({ ask: true })
    // The way back may bring this page as it was, while others went on.
    addEventListener('pageshow', (event) => {
      if (!event.persisted) return
      store.read()
      this.restart()
    })
  }

  get token() {
    return this.store.kept.token
  }

  /** Whether the person has said anything yet. */
  get begun() {
    return Boolean(this.token || this.entries.length)
  }

  get outbox() {
    return this.store.kept.outbox || []
  }

  reset() {
    this.entries = []
    /** The number of the last frame that came, 0 for none. */
    this.last = 0
    /** Up to here the person has had everything in sight before. */
    this.known = this.store.kept.read || 0
    this.ended = false
    this.details = {}
    // Presence told by a connection is of its session; the site's is older.
    this.desk = null
  }

  /** recall shows what waits to be sent since before a reload. */
  recall() {
    this.outbox.forEach((frame) => this.addOwn(frame, 'waiting'))
  }

  /** go connects, if there is anything to connect for and the element is in the
   * page. */
  go() {
    if (!this.away && (this.token || this.outbox.length)) this.wire.start()
  }

  /** restart begins again with what is kept. */
  restart() {
    this.wire.stop()
    this.covert = this.store.kept.covert ?? this.covert
    this.reset()
    this.recall()
    this.show.joined()
  }

  /** leave forgets everything. What still arrives, such as a file or a place,
   * comes to nobody. */
  leave() {
    this.wire.stop()
    this.store.clear()
    this.begin = this.post = this.store.keep = this.wire.start = () => {}
  }

  /** ask fetches what the site says: hours, limits, where the exit leads. */
  async ask(lang) {
    try {
      this.about = await get(`${this.server}/chat/v1/site?site=${encodeURIComponent(this.site)}&lang=${lang}`)
    } catch {
      // Everything works without it; only less is known.
    }
    this.show.status()
  }

  /** begin returns the session's token. Until the person has written there is
   * no session; who asks meanwhile waits for the same. */
  async begin() {
    if (this.token) return this.token
    this.beginning ||= this.open().finally(() => (this.beginning = null))
    return this.beginning
  }

  async open() {
    const made = await request('POST', `${this.server}/chat/v1/sessions`, null, this.opening())
    // Another tab may have been faster.
    if (!this.token) {
      this.store.keep({ token: made.token })
      this.tellToken()
    }
    return this.token
  }

  opening() {
    return { site: this.site, lang: this.texts.lang, covert: this.covert, page: location.origin + location.pathname }
  }

  tellToken() {
    if (this.token) this.tabs.tell({ have: this.token, covert: this.covert, read: this.last })
  }

  // What the person does.

  /** write sends a message with uploads, or puts it to what is sent later. Until it
   * is taken, its files are those uploads still. */
  write(text, uploads) {
    const files = uploads.map((upload) => ({ ...upload.answer, upload }))
    this.post({ type: 'message', id: newID(), text, files: files.map((each) => each.file), at: now() }, files)
  }

  locate(coords) {
    this.post({ type: 'location', id: newID(), lat: coords.latitude, lon: coords.longitude, accuracyM: Math.round(coords.accuracy), at: now() })
  }

  /** tell sends the answers to the optional questions. */
  tell(details) {
    // What is left out stays as it was.
    this.details = { ...this.details, ...details }
    this.post({ type: 'details', id: newID(), ...details, at: now() })
  }

  end() {
    this.post({ type: 'end', id: newID() })
  }

  mail(email) {
    this.mailTo = email
    const id = newID()
    this.post({ type: 'transcript', id, email })
    // Who hears nothing of the server is told by us.
    if (!this.wire.up) this.add({ kind: 'notice', code: 'transcript_asked', id: 'transcript_asked' + id, at: now() })
  }

  setCovert(on) {
    this.beCovert(on)
    this.wire.send({ type: 'covert', on })
    this.tabs.tell({ covert: on })
  }

  /** beCovert makes this tab quiet, or not. It is kept with whatever else is. */
  beCovert(on) {
    const { kept } = this.store
    this.covert = kept.covert = on
    if (this.begun || kept.draft || kept.about) this.store.keep()
  }

  /** read notes that all so far was in sight. */
  read() {
    if (this.last > (this.store.kept.read || 0)) this.store.keep({ read: this.last })
  }

  typing() {
    if (since(this.typed || 0) > 3000 && this.wire.send({ type: 'typing' })) this.typed = Date.now()
  }

  /** again says whether the chat is quiet, which no frame confirms, and sends all
   * that is not confirmed, in the order in which it was written. */
  again() {
    this.wire.send({ type: 'covert', on: this.covert })
    this.outbox.forEach((frame) => {
      this.change(frame.id, { state: 'waiting' })
      this.wire.send(frame)
    })
  }

  /** withdraw takes back what the server refused, for the person to change. */
  withdraw(id) {
    this.settle(id)
    this.entries = this.entries.filter((each) => each.id !== id)
    this.show.all()
  }

  /** anew leaves the ended conversation with the police and starts another.
   * What did not get into the old one is a draft for the new, with its files. */
  anew() {
    const { covert, lang, draft, about } = this.store.kept
    const unsent = this.entries.filter((each) => each.kind === 'own' && !['taken', 'seen'].includes(each.state))
    this.wire.stop()
    this.store.clear()
    this.reset()
    this.store.kept = { covert, lang, about, draft: [...unsent.map((each) => each.text), draft].filter(Boolean).join('\n') }
    this.show.all()
    // Once it is known whether there is another already.
    setTimeout(() => this.show.renew(unsent))
  }

  /** post keeps a frame until it is confirmed, shows it, and sends it. */
  post(frame, files) {
    frame.lang = this.texts.lang
    this.store.keep({ outbox: [...this.outbox, frame] })
    this.addOwn(frame, 'waiting', files)
    // What was put off goes before it.
    if (this.entries.some(({ state }) => state === 'later')) this.again()
    else this.wire.send(frame)
    this.go()
  }

  addOwn(frame, state, files) {
    // The end and the copy have no bubble: a notice confirms them.
    if (!['message', 'location', 'details'].includes(frame.type)) return
    // The server says files with their names, an outbox only their ids; and the
    // time by a clock that is right.
    const named = (files || frame.files || []).map((each) => (each.file ? each : { file: each, name: '' }))
    if (this.change(frame.id, { state, files: named, at: frame.at })) return
    const place = frame.lat == null ? null : frame
    this.add({ ...frame, kind: 'own', location: frame.type === 'details' ? frame.location : frame.location || place, files: named, state })
  }

  // What comes from the server.

  take(frame) {
    if (frame.n && frame.type !== 'hello') {
      if (frame.n <= this.last) return
      /** Whether it is no news. */
      this.isOld = frame.n <= this.known
      this.last = frame.n
      this.receipt()
    }
    const act = this['on_' + frame.type]
    if (act) act.call(this, frame)
    this.isOld = false
  }

  /** receipt tells that everything so far is in the page, soon and once. */
  receipt() {
    clearTimeout(this.receiptTimer)
    this.receiptTimer = setTimeout(() => this.wire.send({ type: 'received', n: this.last }), 200)
  }

  on_hello(frame) {
    this.ended = frame.ended
    // A server whose disk was restored may have less than we.
    this.last = Math.min(this.last, frame.n)
    this.again()
  }

  on_message(frame) {
    this.settle(frame.id)
    this.addOwn(frame, 'taken')
  }

  on_details(frame) {
    const { name, reach, safeToContact, location } = frame
    this.details = { name, reach, safeToContact, location }
    this.on_message(frame)
  }

  on_seen(frame) {
    // Everything up to that message.
    const upTo = this.entries.findIndex((each) => each.id === frame.id)
    this.entries.slice(0, upTo + 1).forEach((each) => {
      if (each.kind === 'own' && each.state === 'taken') this.change(each.id, { state: 'seen' })
    })
  }

  on_reply(frame) {
    this.on_typing(null)
    this.add({ ...frame, kind: 'reply', id: frame.reply, files: frame.files || [] })
  }

  on_notice(frame) {
    const ended = frame.code === 'ended'
    this.settle(frame.id, ended && 'end')
    this.ended ||= ended
    this.add({ ...frame, kind: 'notice', id: frame.code + (frame.id || frame.at) })
    if (ended) this.show.all()
  }

  on_presence(frame) {
    this.desk = frame
    this.show.status()
  }

  on_typing(frame) {
    clearTimeout(this.typingTimer)
    if (frame) this.typingTimer = setTimeout(() => this.on_typing(null), 10000)
    this.show.typing(frame)
  }

  on_refused(frame) {
    const waiting = this.outbox.find((each) => each.id === frame.id)
    this.settle(frame.id)
    if (frame.code === 'bad_address' && this.show.wrong(frame.message)) return
    // The bubble shows it; what has none gets a notice.
    if (!this.change(frame.id, { state: 'refused', code: frame.code }) && waiting) this.add({ ...frame, kind: 'notice', id: 'r' + frame.id, at: now() })
  }

  on_later(frame) {
    this.change(frame.id, { state: 'later', code: frame.code })
    clearTimeout(this.laterTimer)
    this.laterTimer = setTimeout(() => this.again(), 5000 + 5000 * Math.random())
  }

  /** forgotten: the server has no such session, so what waits goes into a new
   * one; what was said before is with the police. */
  forgotten() {
    if (!this.token) return
    this.store.keep({ token: undefined, read: 0 })
    this.last = this.known = 0
    this.add({ kind: 'notice', id: newID(), code: 'forgotten', at: now() })
    if (!this.outbox.length) this.wire.stop()
    this.show.renew([])
  }

  /** settle: this frame, or all of a type, is decided and is not sent again. */
  settle(id, type) {
    this.store.keep({ outbox: this.outbox.filter((each) => each.id !== id && each.type !== type) })
  }

  add(entry) {
    if (this.entries.some((each) => each.id === entry.id)) return
    // What waits comes after all that the server has.
    let at = this.entries.length
    while (entry.state !== 'waiting' && this.entries[at - 1]?.state === 'waiting') at--
    this.entries.splice(at, 0, entry)
    this.show.entry(entry, true)
  }

  /** change alters an entry and reports whether there is one. */
  change(id, what) {
    const entry = this.entries.find((each) => each.id === id)
    if (!entry) return false
    // Two ticks never become one again, as when everything is replayed.
    if (entry.state === 'seen' && what.state === 'taken') return true
    if (entry.state === what.state) return true
    Object.assign(entry, what)
    this.show.entry(entry, false)
    return true
  }

  // Other tabs.

  hearTab(told) {
    if (this.away) return
    if (told.exit) this.show.exit()
    else if (told.ask && !this.ended) this.tellToken()
    else if (told.have) {
      if ((!this.token || this.ended) && told.have !== this.token) this.join(told)
    } else if (told.covert === !this.covert) {
      this.beCovert(told.covert)
      this.show.all()
    }
  }

  /** join takes part in another tab's conversation, which is quiet when either
   * tab was. */
  join({ have, covert, read }) {
    if (this.covert && !covert) this.tabs.tell({ covert: true })
    if (this.ended) this.anew()
    this.store.keep({ token: have, covert: this.covert || covert, read })
    this.restart()
  }
}
