// One file on its way to the server. XMLHttpRequest, because fetch cannot say
// how far it has come.

class Upload {
  /** changed is called whenever there is something to show. state is going,
   * done (answer holds what the server calls it) or failed; code says the end in
   * words. */
  constructor(talk, file, changed = () => {}) {
    Object.assign(this, { talk, file, changed, token: talk.token, id: newID() })
  }

  /** renew begins anew in another chat, unless a reload has left but the name. */
  renew() {
    if (this.token === this.talk.token) return
    this.xhr?.abort()
    this.follows &&= this.state === 'going'
    if (this.file.slice) this.start()
    else this.settle('gone')
  }

  async start() {
    Object.assign(this, { state: 'going', share: 0, code: '' })
    const fault = this.fault()
    if (fault) return this.settle(fault)
    try {
      // A file is something that the person says: now there is a session.
      this.token = await this.talk.begin()
      this.talk.wire.start()
      if (this.state === 'going') this.send()
    } catch {
      this.settle('network')
    }
  }

  /** fault says what is wrong with the file before it is sent. */
  fault() {
    const { fileBytes, mediaTypes } = this.talk.about?.limits || {}
    if (fileBytes && this.file.size > fileBytes) return 'file_too_large'
    if (!this.file.size) return 'file_empty'
    // Where the browser does not know the type, the server looks.
    const fits = (type) => type === this.file.type || (type.endsWith('/*') && this.file.type.startsWith(type.slice(0, -1)))
    if (mediaTypes?.length && this.file.type && !mediaTypes.some(fits)) return 'file_type'
    return ''
  }

  send() {
    const xhr = (this.xhr = new XMLHttpRequest())
    xhr.open('POST', `${this.talk.server}/chat/v1/files`)
    xhr.setRequestHeader('Authorization', `Bearer ${this.token}`)
    xhr.setRequestHeader('Content-Type', this.file.type || 'application/octet-stream')
    xhr.setRequestHeader('X-File-Name', encodeURIComponent(this.file.name))
    xhr.responseType = 'json'
    xhr.upload.onprogress = (event) => {
      this.share = event.total ? event.loaded / event.total : 0
      this.changed()
    }
    xhr.onload = () => {
      // None in a proxy's page; the status says enough.
      this.answer = xhr.response
      this.settle({ 201: 'ready', 413: 'file_too_large', 415: 'file_type', 429: 'file_full', 507: 'file_full' }[xhr.status] || 'network')
    }
    xhr.onerror = () => this.settle('network')
    xhr.send(this.file)
  }

  cancel() {
    this.state = 'cancelled'
    this.xhr?.abort()
  }

  settle(code) {
    if (this.state === 'cancelled') return
    Object.assign(this, { code, state: code === 'ready' ? 'done' : 'failed' })
    this.changed()
  }
}

/** fetchFile saves a file of the conversation. The token goes in a header and
 * never into an address, so it is fetched and then handed to the browser. */
async function fetchFile(talk, file) {
  const response = await fetch(`${talk.server}/chat/v1/files/${encodeURIComponent(file.file)}`,
    { ...PLAINLY, headers: { Authorization: `Bearer ${talk.token}` } })
  if (!response.ok) throw new Problem(response.status)
  const url = URL.createObjectURL(await response.blob())
  h('a', { href: url, download: file.name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 60000)
}
