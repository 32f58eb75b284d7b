// The connection: contactd.chat.v1 over a WebSocket or, where two of these got
// nowhere, over server-sent events and POST. It comes back by itself, with a
// growing pause, and knows nothing of what the frames mean.

/** Never a cookie, and our address to nobody. */
const PLAINLY = { credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' }

/** Pauses in ms. Half of each pause is chance, so that a restarted server is
 * not met by everybody at once. */
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 30000
/** How long an answer may take; how long we wait for the confirmation of a
 * message, and for anything, before we ask whether the line still stands. */
const PATIENCE = 10000
const DOUBT = 4000
const SILENCE = 25000

/** The server hangs up on a longer frame, and would each time it came again. */
const FRAME_BYTES = 32768

class Problem extends Error {
  constructor(status, { code, message } = {}) {
    super(message)
    Object.assign(this, { status, code })
  }
}

/** request sends JSON and returns JSON. A Problem has status 0 when the network
 * failed. */
async function request(method, url, token, body) {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), 2 * PATIENCE)
  try {
    const headers = {}
    if (token) headers.Authorization = `Bearer ${token}`
    if (body) headers['Content-Type'] = 'application/json'
    const response = await fetch(url, { ...PLAINLY, method, headers, body: body && JSON.stringify(body), signal: stop.signal })
    const text = await response.text()
    const answer = text ? JSON.parse(text) : {}
    if (!response.ok) throw new Problem(response.status, answer.error)
    return answer
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(0)
  } finally {
    clearTimeout(timer)
  }
}

const get = (url) => request('GET', url)

/**
 * Wire keeps one connection. Its owner provides:
 *   token()      a promise of the session's token, made if there is none yet
 *   after()      the number of the last frame that it has
 *   frame(f)     takes a frame
 *   changed()    the connection came or went (up, failures)
 *   forgotten()  the server does not know the token any more
 */
class Wire {
  constructor(server, owner) {
    this.server = server
    this.owner = owner
    /** up: the server has said hello on the present connection. */
    this.up = false
    /** How often in a row it did not come about. */
    this.failures = 0
    this.blockedSockets = 0
    this.wanted = false
    // Signs that trying again is worth it, or that there is nothing to hope.
    addEventListener('online', () => this.hurry())
    addEventListener('offline', () => this.wanted && this.lost())
    document.addEventListener('visibilitychange', () => document.hidden || this.hurry())
  }

  /** broken: it does not come about, or the browser knows that it cannot. */
  get broken() {
    return this.wanted && !this.up && (this.failures > 1 || !navigator.onLine)
  }

  start() {
    this.wanted = true
    this.connect()
  }

  stop() {
    this.wanted = false
    this.connecting = null
    this.drop()
  }

  /** send reports whether the frame is on its way; the owner keeps it until it
   * is confirmed. */
  send(frame) {
    if (!this.up) return false
    const text = JSON.stringify(frame)
    if (new TextEncoder().encode(text).length > FRAME_BYTES) return this.owner.frame({ type: 'refused', id: frame.id, code: 'too_long' })
    // What has an id is confirmed; where nothing comes, we ask soon.
    if (frame.id) this.doubt = this.doubt || Date.now()
    if (frame.type === 'ping') this.asked = Date.now()
    if (this.socket) this.socket.send(text)
    else this.post(frame)
    return true
  }

  hurry() {
    if (!this.wanted || this.up) return
    clearTimeout(this.timer)
    this.failures = Math.min(this.failures, 1)
    this.connect()
  }

  async connect() {
    if (this.connecting || this.line || !this.wanted) return
    clearTimeout(this.timer)
    const turn = (this.connecting = {})
    try {
      const token = await this.owner.token()
      const { ticket } = await request('POST', `${this.server}/chat/v1/tickets`, token)
      // Stopped meanwhile, and perhaps begun for another conversation.
      if (turn !== this.connecting) return
      this.token = token
      const query = `ticket=${encodeURIComponent(ticket)}&after=${this.owner.after()}`
      if (this.blockedSockets < 2) this.openSocket(query)
      else this.openStream(query)
    } catch (problem) {
      if (turn !== this.connecting) return
      if (problem.status === 401) this.owner.forgotten()
      this.retry()
    } finally {
      if (turn === this.connecting) this.connecting = null
    }
  }

  openSocket(query) {
    let socket
    try {
      socket = new WebSocket(`${this.server.replace(/^http/, 'ws')}/chat/v1/socket?${query}`, 'contactd.chat.v1')
    } catch {
      // A page's policy may forbid it.
      this.blockedSockets++
      return this.retry()
    }
    this.socket = socket
    this.watch({
      close: () => {
        socket.onclose = socket.onmessage = null
        socket.close()
      },
    })
    socket.onmessage = (event) => this.hear(event.data)
    socket.onclose = (event) => {
      // 1006 before a word was said: something on the way does not let
      // WebSockets through.
      if (event.code === 1006 && !this.up && navigator.onLine) this.blockedSockets++
      this.lost(event.code === 1012)
    }
  }

  openStream(query) {
    const stream = new EventSource(`${this.server}/chat/v1/events?${query}`)
    this.watch({ close: () => stream.close() })
    stream.onmessage = (event) => this.hear(event.data)
    // It would come back by itself, but with the same ticket, which is used up.
    stream.onerror = () => {
      // Perhaps the way is free again next time.
      this.blockedSockets = 1
      this.lost()
    }
  }

  /** post sends a frame beside a stream, one after the other. */
  post(frame) {
    const line = this.line
    this.posts = (this.posts || Promise.resolve()).then(async () => {
      // It is sent again on the next one.
      if (line !== this.line) return
      try {
        await request('POST', `${this.server}/chat/v1/frames`, this.token, frame)
      } catch (problem) {
        if (line !== this.line) return
        const { status, code, message } = problem
        if ([400, 413, 422].includes(status)) this.owner.frame({ type: 'refused', id: frame.id, code, message })
        else if (status === 503) this.owner.frame({ type: 'later', id: frame.id, code })
        else this.lost()
      }
    })
  }

  /** watch notices a line that has died without a word. */
  watch(line) {
    this.line = line
    // The hello is awaited.
    this.asked = Date.now()
    this.heard = Date.now()
    this.watcher = setInterval(() => {
      if (this.asked && since(this.asked) > PATIENCE) {
        if (!this.up && this.socket) this.blockedSockets++
        this.lost()
      } else if (!this.asked && (since(this.heard) > SILENCE || (this.doubt && since(this.doubt) > DOUBT))) {
        this.send({ type: 'ping' })
      }
    }, 1000)
  }

  hear(data) {
    this.heard = Date.now()
    this.asked = this.doubt = 0
    let frame
    try {
      frame = JSON.parse(data)
    } catch {
      // From a newer server, perhaps.
      return
    }
    if (frame.type === 'hello') {
      this.up = true
      this.failures = 0
      if (this.socket) this.blockedSockets = 0
    }
    this.owner.frame(frame)
    if (frame.type === 'hello') this.owner.changed()
  }

  /** drop ends the line without trying again. */
  drop() {
    clearInterval(this.watcher)
    clearTimeout(this.timer)
    if (this.line) this.line.close()
    const was = this.up
    this.line = this.socket = null
    this.up = false
    if (was) this.owner.changed()
  }

  lost(atOnce) {
    this.drop()
    this.retry(atOnce)
  }

  retry(atOnce) {
    if (!this.wanted) return
    const pause = atOnce ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures)
    this.failures++
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.connect(), pause / 2 + (pause / 2) * Math.random())
    this.owner.changed()
  }
}
