// The quick exit: away at once, with as little left behind as a page can do.

/** Where to, until the site has said. */
const SOMEWHERE = 'https://www.bbc.co.uk/weather'

/**
 * exit leaves the page. What is on the screen goes first, then what is kept,
 * then the page. The entry of this page in the tab's history is replaced; what
 * the browser remembers of the visit itself no page can remove, and the widget
 * says so.
 */
function exit(talk) {
  blank()
  const { token, outbox } = talk
  const bye = `${talk.server}/chat/v1/bye?forget=1`
  // What was sent and has no tick goes along: as many frames as the server reads.
  const body = outbox[0] ? JSON.stringify({ token, begin: talk.opening(), frames: outbox.slice(0, 20) }) : token
  talk.leave()
  // The token is of no use to whoever finds it. Without one our origin must be
  // told, which beacons leave out; and a beacon takes only so much.
  if (token) navigator.sendBeacon(bye, body) || navigator.sendBeacon(bye, token)
  else if (body) fetch(bye, { ...PLAINLY, method: 'POST', keepalive: true, body }).catch(() => {})
  away(talk.about?.exitUrl)
}

/** blank empties the whole page, title and all, and keeps the address of this
 * page from the next one. */
function blank() {
  try {
    // Opening a document anew also removes the page's own "do you want to leave".
    document.open()
  } catch {
    // XHTML cannot be opened. Nor, without an error, can what stopped loading.
  }
  document.replaceChildren()
  document.append(h('html', null,
    h('head', null, h('title', null, '\u00a0'), h('meta', { name: 'referrer', content: 'no-referrer' })), h('body')))
}

function away(url) {
  const to = /^https?:/.test(url) ? url : SOMEWHERE
  try {
    // In a frame the page around it must go.
    if (top !== window) top.location.replace(to)
  } catch {
    // It does not let us: then at least the frame goes.
  }
  location.replace(to)
}

/**
 * watchKeys calls act on Escape, and on Shift pressed three times within two
 * seconds with nothing in between: Escape alone would stop a loading page, and
 * screen readers use it. Shift with another key is writing.
 */
function watchKeys(active, act) {
  let presses = []
  addEventListener('keydown', (event) => {
    if (event.key !== 'Shift') presses = []
    if (!active() || event.isComposing) return
    if (event.key === 'Escape') {
      event.preventDefault()
      act()
    }
  }, true)
  addEventListener('keyup', (event) => {
    if (event.key !== 'Shift' || !active()) return
    presses = [...presses.filter((at) => since(at) < 2000), Date.now()]
    if (presses.length >= 3) act()
  }, true)
}
