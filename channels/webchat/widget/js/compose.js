// Where the person writes, and what can be added: a file, a place.

class Composer {
  constructor(chat) {
    this.chat = chat
    /** Files that are chosen and not sent, also before a reload. */
    this.uploads = (this.talk.store.kept.files || []).map((each) => Object.assign(new Upload(this.talk, each.file), each))
  }

  get talk() {
    return this.chat.talk
  }

  /** draw returns the elements, in the language of now. */
  draw() {
    const { chat, talk } = this
    const { t } = chat
    this.text = h('textarea', {
      id: 'text', rows: 2, 'aria-describedby': 'text-hint', autocomplete: talk.covert ? 'off' : 'on', dir: 'auto',
      oninput: () => this.changed(),
      onkeydown: (event) => this.key(event),
    })
    this.text.value = talk.store.kept.draft || ''
    this.problem = h('p', { class: 'problem', id: 'text-problem', role: 'alert' })
    this.list = h('ul', { class: 'uploads', 'aria-label': t('add.chosen') })
    this.addPart = h('div', { class: 'add', id: 'add', hidden: true })
    this.showLimits()
    this.addButton = h('button', {
      class: 'secondary', 'aria-expanded': 'false', 'aria-controls': 'add', onclick: () => this.toggleAdd(this.addPart.hidden),
    }, t('add'))
    this.form = h('form', {
      class: 'composer', onsubmit: (event) => {
        event.preventDefault()
        this.send()
      },
    },
    this.addPart, this.list, this.problem,
    h('label', { for: 'text' }, t('write')), this.text,
    h('div', { class: 'row' }, this.addButton, h('button', { class: 'primary', type: 'submit' }, t('send'))),
    h('p', { class: 'hint', id: 'text-hint' }, t('write.hint')))
    this.drawUploads()
    return this.form
  }

  /** showLimits draws what can be added, again when the site has said more. */
  showLimits() {
    this.addPart?.replaceChildren(...[this.fileChoice(), this.placeChoice()].filter(Boolean))
  }

  /** fileChoice says the limits before anything is chosen. */
  fileChoice() {
    const { t, texts, talk } = this.chat
    const limits = talk.about?.limits || {}
    if (limits.files === 0) return null
    const kinds = [...new Set((limits.mediaTypes || []).map((type) => type.split('/')[0]))]
      .map((kind) => t(texts.has('kind.' + kind) ? 'kind.' + kind : 'kind.other'))
    const choose = h('input', {
      type: 'file', id: 'file', class: 'unseen', multiple: true, accept: limits.mediaTypes?.join(','), 'aria-describedby': 'file-limits',
      onchange: () => {
        this.choose(Array.from(choose.files))
        choose.value = ''
      },
    })
    return h('div', null, choose, h('label', { for: 'file', class: 'secondary' }, t('add.file')),
      limits.files > 0 && h('p', { class: 'hint', id: 'file-limits' },
        t('add.file.limits', { files: limits.files, size: texts.size(limits.fileBytes), kinds: [...new Set(kinds)].join(', ') })))
  }

  placeChoice() {
    const { t } = this.chat
    if (!navigator.geolocation) return null
    const button = h('button', { class: 'secondary', 'aria-describedby': 'place-hint', onclick: () => this.sharePlace(button) }, t('add.place'))
    return h('div', null, button, h('p', { class: 'hint', id: 'place-hint' }, t('add.place.hint')))
  }

  toggleAdd(open) {
    this.addPart.hidden = !open
    this.addButton.setAttribute('aria-expanded', open)
  }

  changed() {
    this.talk.store.keep({ draft: this.text.value })
    this.complain('')
    this.talk.typing()
  }

  key(event) {
    // On a phone the key beside the letters makes a new line, as everywhere.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || matchMedia('(pointer: coarse)').matches) return
    event.preventDefault()
    this.send()
  }

  /** send takes what is written and the files that have arrived. Files that are
   * still going follow by themselves: text never waits for a file. */
  send() {
    const { talk, chat } = this
    const text = this.text.value.trim()
    const done = this.uploads.filter((each) => each.state === 'done')
    const going = this.uploads.filter((each) => each.state === 'going')
    const limit = talk.about?.limits?.textBytes
    const over = limit ? new TextEncoder().encode(text).length - limit : 0
    if (over > 0) return this.complain(chat.t('write.long', { over }))
    // Who sends twice has done nothing wrong.
    if (!text && !done.length && !going.length) return talk.begun ? this.text.focus() : this.complain(chat.t('write.empty'))
    going.forEach((each) => (each.follows = true))
    this.uploads = this.uploads.filter((each) => !done.includes(each))
    this.text.value = ''
    talk.store.keep({ draft: '' })
    this.complain('')
    this.toggleAdd(false)
    this.drawUploads()
    chat.sendAbout()
    if (text || done.length) talk.write(text, done)
    this.text.focus()
  }

  complain(text) {
    this.problem.textContent = text
    this.text.setAttribute('aria-invalid', Boolean(text))
    if (text) this.text.focus()
  }

  choose(files) {
    const most = this.talk.about?.limits?.files || 10
    // What was not taken takes no place, and is chosen anew.
    this.uploads = this.uploads.filter(({ state, file }) => state !== 'failed' || !files.some(({ name }) => name === file.name))
    const fit = files.slice(0, Math.max(0, most - this.uploads.filter(({ state }) => state !== 'failed').length))
    if (fit.length < files.length) this.complain(this.chat.t('add.file.many', { files: most }))
    for (const file of fit) {
      const upload = new Upload(this.talk, file, () => this.uploadChanged(upload))
      this.uploads.push(upload)
      upload.start()
    }
    this.toggleAdd(false)
    this.drawUploads()
    this.text.focus()
  }

  uploadChanged(upload) {
    if (upload.state === 'done' && upload.follows) {
      this.uploads = this.uploads.filter((each) => each !== upload)
      this.talk.write('', [upload])
    }
    if (upload.code) this.chat.say(`${upload.file.name}: ${this.chat.t('upload.' + upload.code)}`)
    this.drawUploads(upload)
  }

  /** renew takes back the files of messages that were not taken, and sees that
   * those of another chat go to this one. */
  renew(unsent) {
    const back = unsent.flatMap(({ files }) => files.map((each) => each.upload))
    this.uploads = [...back.filter(Boolean), ...this.uploads]
    this.uploads.forEach((each) => each.renew())
    this.drawUploads()
  }

  /** drawUploads draws all, or moves the bar of one that is going. */
  drawUploads(only) {
    const bar = only?.state === 'going' && this.list.querySelector(`[id="${only.id}"] progress`)
    if (bar) {
      bar.value = only.share
      return
    }
    const { activeElement: held } = this.chat.shadowRoot
    const at = held?.closest('li')
    this.list.hidden = !this.uploads.length
    this.list.replaceChildren(...this.uploads.map((each) => this.drawUpload(each)))
    this.chat.refocus(held, at && this.list.querySelector(`[id="${at.id}"] .icon-only`))
    const { store } = this.talk
    if (this.uploads.length || store.kept.files) store.keep({ files: this.uploads.map(keptUpload) })
  }

  drawUpload(upload) {
    const { t, texts } = this.chat
    const { name, size } = upload.file
    const remove = () => {
      upload.cancel()
      this.uploads = this.uploads.filter((each) => each !== upload)
      this.drawUploads()
      this.text.focus()
    }
    const again = () => {
      upload.start()
      this.drawUploads()
    }
    return h('li', { id: upload.id, class: upload.state },
      h('div', null, h('span', null, `${name} (${texts.size(size)})`),
        upload.code ? h('span', { class: upload.state === 'done' ? 'ready' : 'problem' }, t('upload.' + upload.code))
          : h('progress', { max: 1, value: upload.share, 'aria-label': name }),
        upload.code === 'network' && h('button', { class: 'link', onclick: again }, t('again'))),
      h('button', { class: 'icon-only', onclick: remove, 'aria-label': t('upload.remove', { name }) }, icon('cross')))
  }

  /** sharePlace asks the device, and the browser the person, at the click. */
  sharePlace(button) {
    const { chat, talk } = this
    const { t } = chat
    if (button.textContent !== t('add.place')) return
    button.textContent = t('place.asking')
    chat.say(t('place.asking'))
    const done = () => {
      button.textContent = t('add.place')
    }
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      done()
      this.toggleAdd(false)
      talk.locate(coords)
      this.text.focus()
    }, () => {
      done()
      this.complain(chat.t('place.failed'))
    }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 })
  }
}

/** keptUpload is what a reload leaves of a file: what has arrived, else its name,
 * to choose it again. */
function keptUpload({ file: { name, size }, state, answer, code }) {
  const file = { name, size }
  if (state === 'done') return { file, state, code, answer }
  return { file, state: 'failed', code: code && code !== 'network' ? code : 'gone' }
}
