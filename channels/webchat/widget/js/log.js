// The bubbles.

/** drawEntry makes the list element of an entry. */
function drawEntry(chat, entry) {
  if (entry.kind === 'notice') {
    return h('li', { class: 'notice' }, h('p', { dir: 'auto' }, noticeText(chat, entry)))
  }
  const own = entry.kind === 'own'
  return h('li', { class: own ? `own ${entry.state}` : 'reply' },
    h('div', { class: 'bubble' },
      h('p', { class: 'who' }, whoSays(chat, entry)),
      entryText(chat, entry).map((text) => h('p', { class: 'text', dir: 'auto' }, own ? text : withLinks(text))),
      entry.files?.length > 0 && h('ul', { class: 'files' }, entry.files.map((file) => drawFile(chat, file))),
      own ? drawState(chat, entry) : h('p', { class: 'state' }, h('time', { datetime: entry.at }, chat.texts.time(entry.at)))),
    inTrouble(entry) && drawTrouble(chat, entry))
}

function whoSays({ t, talk }, entry) {
  if (entry.kind === 'own') return t('you')
  const who = (!talk.covert && entry.signedAs) || t('police')
  return entry.automatic ? `${who} · ${t('automatic')}` : who
}

/** entryText is the text of an entry in paragraphs: a place and answers have
 * words made for them. */
function entryText({ t }, entry) {
  const { location: place } = entry
  if (entry.type === 'details') {
    const safe = entry.safeToContact && t('about.safe.' + entry.safeToContact)
    return [t('about.told'), ...[['name', entry.name], ['reach', entry.reach], ['safe', safe], ['location', place]]
      .filter(([, value]) => value).map(([name, value]) => `${t('about.' + name)}: ${value}`)]
  }
  const where = place && t('place.sent', { lat: place.lat.toFixed(5), lon: place.lon.toFixed(5), metres: place.accuracyM ?? '?' })
  return [entry.text, where].filter(Boolean)
}

function drawFile(chat, file) {
  const name = file.name || chat.t('file')
  const label = file.size ? `${name} (${chat.texts.size(file.size)})` : name
  // Kept back by the scanner, or only an id from before a reload.
  if (!file.name || ['infected', 'failed'].includes(file.scan)) return h('li', null, label)
  const problem = h('p', { class: 'problem', role: 'alert' })
  let busy
  const open = async () => {
    if (busy) return
    busy = true
    problem.textContent = ''
    try {
      await fetchFile(chat.talk, file)
    } catch {
      problem.textContent = chat.t('file.failed')
    }
    busy = false
  }
  return h('li', null, h('button', { class: 'link', onclick: open, 'aria-label': chat.t('file.save', { name: label }) }, label), problem)
}

const STATE_ICONS = { waiting: 'clock', taken: 'tick', seen: 'ticks', later: 'clock', refused: 'alert' }

/** drawState is the tick with its words: the picture alone tells a stranger
 * nothing. */
function drawState(chat, entry) {
  const words = entry.state === 'waiting' && chat.talk.wire.broken ? 'kept' : entry.state
  return h('p', { class: 'state' }, icon(STATE_ICONS[entry.state]), h('span', null, chat.t('state.' + words)),
    h('time', { datetime: entry.at }, chat.texts.time(entry.at)))
}

const inTrouble = ({ state }) => ['later', 'refused'].includes(state)

/** drawTrouble says beside a bubble why it did not go, and what can be done. */
function drawTrouble(chat, entry) {
  const { t, talk } = chat
  const why = noticeText(chat, entry)
  const again = entry.state === 'later'
    ? h('button', { class: 'link', onclick: () => talk.again() }, t('again'))
    : entry.type === 'message' && h('button', { class: 'link', onclick: () => chat.rewrite(entry) }, t('change'))
  return h('div', { class: 'trouble' }, h('p', null, why), again)
}

/** noticeText prefers the server's words, and has some for every code. */
function noticeText({ texts, t }, { code, text, message, state }) {
  const key = 'notice.' + code
  if (text && state == null) return text
  return texts.has(key) ? t(key) : message || t(state === 'later' ? 'notice.later' : 'notice.refused')
}

/** spokenEntry is what a screen reader says when an entry comes. */
function spokenEntry(chat, entry) {
  if (entry.kind === 'notice') return noticeText(chat, entry)
  if (entry.kind === 'own') {
    return `${chat.t('state.' + entry.state)} ${inTrouble(entry) ? noticeText(chat, entry) : ''}`
  }
  const files = entry.files.map((file) => file.name)
  return [`${whoSays(chat, entry)}:`, ...entryText(chat, entry), ...files].join(' ')
}
