// The element <contact-chat>: a button that opens a panel, or a panel within
// the page. It owns what is on the screen and hands everything else on.

/** The script's own address says which server is ours. */
const SCRIPT = document.currentScript
const SERVER = SCRIPT ? new URL(SCRIPT.src).origin : location.origin

/** Up to here, with letters as large as the person has them, the panel covers the
 * screen as a modal dialog. */
const PHONE = '(max-width: 37.5em), (max-height: 31.25em)'

/** How long, in ms, the chat waits for the words of another language. */
const SLOW = 2000

/** How many seconds' worth of announcements stay for a screen reader. */
const ANNOUNCED = 10000

class ContactChat extends HTMLElement {
  connectedCallback() {
    if (this.talk) return this.setAway(false)
    const told = { ...SCRIPT?.dataset, ...this.dataset }
    this.position = ['start', 'inline', 'page'].includes(told.position) ? told.position : 'end'
    this.inPage = this.position === 'inline' || this.position === 'page'
    this.heading = told.title
    /** The level of the headings under the title. */
    this.sub = this.position === 'page' ? 'h2' : 'h3'
    this.pageTitle = document.title
    this.fresh = 0
    const server = told.server || SERVER
    this.texts = new Texts(server)
    this.t = this.texts.t.bind(this.texts)
    const store = new Store(told.site || '')
    this.talk = new Talk({ server, site: told.site || '', covert: isOn(told.covert), texts: this.texts }, store, {
      entry: (entry, isNew) => this.showEntry(entry, isNew),
      all: () => this.draw(),
      status: () => this.showStatus(),
      typing: (on) => this.showTyping(on),
      joined: () => this.showJoined(),
      exit: () => this.leave(true),
      renew: (unsent) => this.composer.renew(unsent),
      // Who has gone on is not called back.
      wrong: (wrong) => this.shadowRoot.activeElement === this.optionsButton && this.showOptions(true, wrong),
    })
    this.composer = new Composer(this)
    this.isOpen = this.inPage || isOn(told.open) || Boolean(store.kept.open)
    watchKeys(() => this.isOpen || this.talk.begun, () => this.leave())
    document.addEventListener('visibilitychange', () => {
      this.showFresh()
      // What was said of the desk may be hours old.
      if (this.isOpen && !document.hidden && !this.talk.wire.wanted) this.talk.ask(this.texts.lang)
    })
    matchMedia(PHONE).addEventListener('change', () => this.place())
    this.followKeyboard()
    const lang = pickLanguage(told.lang || this.closest('[lang]')?.lang || document.documentElement.lang)
    this.start(store.kept.lang || lang)
  }

  async start(lang) {
    const words = this.texts.use(lang)
    // Rather English than nothing, where the other language is slow.
    await Promise.race([words, new Promise((late) => setTimeout(late, SLOW))])
    this.attachShadow({ mode: 'open' })
    this.build()
    addStyle(this.shadowRoot)
    this.draw()
    this.talk.go()
    if (this.isOpen) this.open(false)
    const { lang: drawn } = this.texts
    await words
    if (this.texts.lang === drawn) return
    this.draw()
    if (this.isOpen) this.talk.ask(this.texts.lang)
  }

  disconnectedCallback() {
    this.setAway(true)
  }

  /** setAway: the page has taken the element out, and may have made another. */
  setAway(away) {
    this.talk.wire.stop()
    this.talk.away = away
    this.talk.go()
  }

  /** build makes what stays: the button, the panel, the voice. */
  build() {
    this.voice = h('div', { class: 'voice', role: 'log', 'aria-live': 'polite' })
    this.panel = h({ page: 'main', inline: 'section' }[this.position] || 'dialog', {
      class: 'panel', 'aria-labelledby': 'title', id: 'panel',
      // Android's way back closes the panel; Escape never comes here, but the
      // event of a file that was not chosen after all does.
      oncancel: (event) => {
        if (event.target !== this.panel) return
        event.preventDefault()
        this.minimise()
      },
    })
    this.launcher = h('button', { class: 'launcher', 'aria-haspopup': 'dialog', onclick: () => this.open(true) })
    this.smallExit = h('button', { class: 'exit small-exit', onclick: () => this.leave() })
    // What the button says of answers is said aloud too.
    this.news = h('div', { class: 'voice', role: 'status' })
    const corner = h('div', { class: 'corner' }, this.news, this.smallExit, this.launcher)
    this.panel.append(this.voice)
    /** The latest stays in sight when what is below it grows. */
    this.resized = new ResizeObserver(() => {
      if (this.scroller() === this.body && this.atEnd(this.height)) this.toEnd()
      this.height = this.body.clientHeight
    })
    // What is written here is none of the page's keys.
    const ours = (event) => event.stopPropagation()
    this.shadowRoot.append(h('div', { class: `chat ${this.position}`, onkeydown: ours, onkeypress: ours, onkeyup: ours }, this.inPage ? null : corner, this.panel))
  }

  /** draw draws all of it anew: for a language, the quiet chat, the end. */
  draw() {
    if (!this.panel) return
    const { t, talk } = this
    const { activeElement: held } = this.shadowRoot
    this.texts.quiet = talk.covert
    const box = this.shadowRoot.firstElementChild
    box.setAttribute('lang', this.texts.lang)
    box.setAttribute('dir', t('dir'))
    box.classList.toggle('covert', talk.covert)
    this.drawHead()
    // Not live itself: what is said is shorter than what is shown.
    this.log = h('ol', { class: 'log' })
    const log = h('div', { role: 'log', 'aria-live': 'off', 'aria-label': t('log') }, this.log)
    this.drawn = new Map()
    talk.entries.forEach((entry) => this.putEntry(entry))
    this.typingPart = h('p', { class: 'typing', hidden: true }, t('typing'))
    this.body = h('div', { class: 'body', tabindex: 0, role: 'group', 'aria-label': t('log.area') }, this.firstPart(), log, this.typingPart)
    this.line = h('p', { class: 'line', hidden: true })
    this.foot = talk.ended ? this.drawEnded() : this.composer.draw()
    this.optionsPart = h('div', { hidden: true, class: 'options-box' })
    this.chatPart = h('div', { class: 'talk' }, this.body, this.line, this.foot)
    // The voice stays where it is, or it would say again what it said.
    while (this.voice.previousSibling) this.voice.previousSibling.remove()
    this.voice.before(this.head, this.optionsPart, this.chatPart)
    this.resized.disconnect()
    this.resized.observe(this.body)
    this.showStatus()
    this.showFresh()
    this.toEnd()
    // Nobody who is writing shall notice.
    this.refocus(held, held && this.shadowRoot.getElementById(held.id))
  }

  drawHead() {
    const { t } = this
    this.status = h('p', { class: 'status' })
    this.optionsButton = h('button', {
      class: 'plain', 'aria-expanded': 'false', onclick: () => this.showOptions(this.optionsPart.hidden),
    }, icon('more'), h('span', null, t('options')))
    this.head = h('div', { class: 'head' },
      h('div', { class: 'top' },
        h(this.position === 'page' ? 'h1' : 'h2', { id: 'title', tabindex: -1 }, this.name()),
        this.optionsButton,
        this.inPage ? null : h('button', { class: 'plain icon-only', onclick: () => this.minimise(), 'aria-label': t('minimise') }, icon('down'))),
      h('div', { class: 'under' }, this.status,
        h('button', { class: 'exit', onclick: () => this.leave() }, icon('exit'), t('exit'))))
  }

  /** name is what the chat is called: as the page wishes, unless it is quiet. */
  name() {
    return (!this.talk.covert && this.heading) || this.t('title')
  }

  /** firstPart is the first screen, with the other languages at its head. */
  firstPart() {
    this.first = h('div', null, TAGS.length > 1 && !this.talk.begun && h('div', { class: 'languages' }, languageButtons(this)), firstScreen(this))
    this.begunDrawn = this.talk.begun
    return this.first
  }

  drawEnded() {
    const { t, talk } = this
    return h('div', { class: 'composer ended' }, h('p', null, t('ended')),
      h('div', { class: 'row' }, h('button', { class: 'secondary', onclick: () => {
        talk.anew()
        this.focusOn('#title')
      } }, t('ended.anew')),
      talk.about?.transcript && !talk.covert && h('button', { class: 'secondary', onclick: () => this.showOptions(true) }, t('copy'))))
  }

  // Opening and closing.

  async open(byPerson) {
    const { talk } = this
    this.isOpen = true
    this.fresh = 0
    this.place()
    this.draw()
    if (byPerson || this.modal) this.focusOn('#title')
    // A dialog takes the focus when it opens, also from a page that only loads.
    else if (!this.inPage) this.shadowRoot.activeElement?.blur()
    if (byPerson && talk.begun) talk.store.keep({ open: true })
    talk.go()
    await talk.ask(this.texts.lang)
    // What was not known when it was drawn.
    this.composer.showLimits()
    if (talk.ended) this.draw()
  }

  minimise() {
    this.isOpen = false
    if (this.talk.begun) this.talk.store.keep({ open: false })
    this.place()
    this.showFresh()
    this.launcher.focus()
  }

  /** place shows the panel as the screen wants it: on a phone a modal dialog
   * over everything, else one beside the page. */
  place() {
    const { panel } = this
    if (!panel) return
    this.shadowRoot.firstElementChild.classList.toggle('open', this.isOpen)
    if (this.inPage) return
    // Safari before 15.4 knows no dialogs.
    if (!panel.show) return panel.toggleAttribute('open', this.isOpen)
    const focus = this.shadowRoot.activeElement
    const modal = matchMedia(PHONE).matches
    if (panel.open && (!this.isOpen || modal !== this.modal)) panel.close()
    this.modal = modal
    if (this.isOpen && !panel.open) {
      if (modal) panel.showModal()
      else panel.show()
      focus?.focus()
    }
  }

  focusOn(selector) {
    this.shadowRoot.querySelector(selector)?.focus()
  }

  /** refocus gives the focus of an element that is gone to its heir, or to where
   * the person goes on. */
  refocus(held, heir) {
    if (!held || held.isConnected) return
    for (const each of [heir, this.composer.text, this.head.querySelector('#title')]) {
      each?.focus()
      if (each && each === this.shadowRoot.activeElement) return
    }
  }

  /** leave is the quick exit; told is set when another tab began it. */
  leave(told) {
    if (!told) this.talk.tabs.tell({ exit: true })
    exit(this.talk)
  }

  // What changes.

  putEntry(entry) {
    const made = drawEntry(this, entry)
    const old = this.drawn.get(entry.id)
    const { entries } = this.talk
    const { activeElement: held } = this.shadowRoot
    if (old) old.replaceWith(made)
    else this.log.insertBefore(made, this.drawn.get(entries[entries.indexOf(entry) + 1]?.id))
    this.drawn.set(entry.id, made)
    this.refocus(held, made.querySelector('button'))
  }

  showEntry(entry, isNew) {
    if (!this.panel) return
    const { talk } = this
    const { kind, state } = entry
    const below = this.atEnd()
    this.putEntry(entry)
    const { activeElement: held } = this.shadowRoot
    if (this.begunDrawn !== talk.begun) this.first.replaceWith(this.firstPart())
    this.refocus(held)
    const own = isNew && kind === 'own'
    if (own && !talk.store.kept.open) talk.store.keep({ open: this.isOpen, lang: this.texts.lang })
    if (below || own) this.toEnd()
    if (talk.isOld) return
    if (isNew ? !own : state !== 'waiting') this.say(spokenEntry(this, entry))
    if (isNew && kind === 'reply') this.fresh++
    this.showFresh()
  }

  /** deskOpen is true, false, or undefined while it is not known. */
  deskOpen() {
    return (this.talk.desk || this.talk.about)?.open
  }

  showStatus() {
    if (!this.panel) return
    const { t, talk } = this
    const open = this.deskOpen()
    this.status.replaceChildren(h('span', { class: `lamp ${open ? 'on' : 'off'}`, 'aria-hidden': 'true' }), deskShort(this))
    if (this.saidOpen !== undefined && open !== undefined && open !== this.saidOpen) this.say(deskLine(this))
    this.saidOpen = open
    if (this.nextPart?.isConnected) this.nextPart.replaceWith(nextSteps(this))
    const { broken } = talk.wire
    if (broken && this.line.hidden) this.say(t('line.broken'))
    if (!broken && !this.line.hidden) this.say(t('line.back'))
    this.line.hidden = !broken
    if (broken) this.typingPart.hidden = true
    this.line.textContent = broken ? t('line.broken') : ''
    // "Sending" and "kept" say which.
    talk.entries.filter((entry) => entry.state === 'waiting').forEach((entry) => this.putEntry(entry))
  }

  showTyping(on) {
    if (!this.panel) return
    const below = this.atEnd()
    if (on && this.typingPart.hidden) this.say(this.t('typing'))
    this.typingPart.hidden = !on
    if (below) this.toEnd()
  }

  /** showFresh says on the button and in the title that answers have come; in
   * the quiet chat the title says nothing. */
  showFresh() {
    if (!this.panel) return
    const { t, talk } = this
    if (this.isOpen && !document.hidden) {
      this.fresh = 0
      talk.read()
    }
    const fresh = this.fresh > 0 ? t('fresh', { n: this.fresh }) : ''
    if (this.news.textContent !== fresh) this.news.textContent = fresh
    this.launcher.replaceChildren(icon('chat'), h('span', null, this.name(), ' ', fresh && h('span', { class: 'badge' }, fresh)))
    this.smallExit.replaceChildren(icon('exit'), t('exit'))
    this.smallExit.hidden = !talk.begun
    this.showTitle(talk.covert ? t('page.title') : this.fresh > 0 ? `(${this.fresh}) ${this.pageTitle}` : '')
  }

  /** showTitle gives the page another title, or its own back. */
  showTitle(title) {
    if (document.title !== this.ourTitle) this.pageTitle = document.title
    this.ourTitle = title
    document.title = title || this.pageTitle
  }

  showJoined() {
    this.draw()
    this.talk.go()
  }

  /** showOptions reports whether they are shown; wrong is what is wrong with the
   * address for the copy. */
  showOptions(on, wrong) {
    this.optionsPart.hidden = !on
    this.chatPart.hidden = on
    this.optionsPart.replaceChildren(on ? drawOptions(this, wrong) : '')
    this.optionsButton.setAttribute('aria-expanded', on)
    if (on) this.focusOn(wrong ? '#copy-email' : '#options-title')
    else {
      this.optionsButton.focus()
      this.toEnd()
    }
    return on
  }

  setCovert(on) {
    this.talk.setCovert(on)
    this.draw()
    this.say(this.t(on ? 'covert.is.on' : 'covert.is.off'))
    this.focusOn('#title')
  }

  async setLanguage(tag) {
    await this.texts.use(tag)
    const { store, begun } = this.talk
    store.kept.lang = this.texts.lang
    if (begun) store.keep()
    this.draw()
    this.focusOn('#title')
    this.talk.ask(this.texts.lang)
  }

  /** sendAbout sends the answers that were not sent yet, if any. */
  sendAbout() {
    const { store } = this.talk
    const told = store.kept.about
    store.kept.about = null
    if (told && Object.keys(told).length) this.talk.tell(told)
  }

  /** rewrite lets the person change what was refused, where the chat has ended
   * in a new one. */
  rewrite(entry) {
    const { talk } = this
    const { draft } = talk.store.kept
    if (talk.ended) talk.anew()
    else {
      talk.store.keep({ draft: [entry.text, draft].filter(Boolean).join('\n') })
      talk.withdraw(entry.id)
      this.composer.renew([entry])
    }
    this.composer.text.focus()
  }

  /** say lets a screen reader say something once. */
  say(text) {
    if (!this.voice || !this.isOpen) return
    const said = h('p', null, text)
    this.voice.append(said)
    setTimeout(() => said.remove(), ANNOUNCED)
  }

  /** scroller is what scrolls: with much zoom the whole panel. */
  scroller() {
    return this.body.scrollHeight > this.body.clientHeight ? this.body : this.panel
  }

  /** end is where the scroller shows the latest. Where all scrolls, what was said
   * last stands under the head, with what the person writes below it. */
  end(height) {
    const scroller = this.scroller()
    const most = scroller.scrollHeight - (height ?? scroller.clientHeight)
    return scroller === this.body ? most : Math.min(most, (this.log.lastChild || this.log).offsetTop - this.head.offsetHeight)
  }

  atEnd(height) {
    return this.scroller().scrollTop > this.end(height) - 80
  }

  /** toEnd shows the latest, but before the first message the beginning. */
  toEnd() {
    if (this.talk.entries.length) this.scroller().scrollTop = this.end()
  }

  /** followKeyboard keeps the panel above a phone's keyboard, which covers what
   * is fixed to the bottom. */
  followKeyboard() {
    const { visualViewport: view } = window
    if (!view) return
    const follow = () => {
      // Two fingers that enlarge the page shall not shrink the panel.
      const { height, scale, offsetTop } = view
      this.style.setProperty('--view-height', `${height * scale}px`)
      this.style.setProperty('--view-top', `${scale > 1.01 ? 0 : offsetTop}px`)
    }
    view.addEventListener('resize', follow)
    view.addEventListener('scroll', follow)
    follow()
  }
}

/** deskShort is the sentence on who is there, in a few words. */
function deskShort(chat) {
  const open = chat.deskOpen()
  return chat.t(open === undefined ? 'status.unknown' : open ? 'status.open' : 'status.closed')
}

function isOn(value) {
  return value != null && value !== 'false'
}

/** addStyle uses a constructed sheet, which a page's policy on styles does not
 * stop; browsers without get an element. */
function addStyle(root) {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
  } catch {
    root.append(h('style', null, STYLE))
  }
}
