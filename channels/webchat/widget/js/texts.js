// The words. English is part of the script, so that there is something to read
// at once; any other language is one small file from our own server.

class Texts {
  constructor(server) {
    this.server = server
    this.lang = 'en'
    this.words = ENGLISH
    /** Covert: the same words, but neutral ones where there are such. */
    this.quiet = false
  }

  /** use fetches a language. Without it the language stays as it was. */
  async use(lang) {
    if (lang === this.lang || !LANGUAGES[lang]) return
    try {
      this.words = lang === 'en' ? ENGLISH : await get(`${this.server}/chat/lang/${lang}.json`)
      this.lang = lang
    } catch {
      // The words that are there are better than none.
    }
  }

  /** t is the text of a key, its {placeholders} filled in. */
  t(key, values = {}) {
    const text = (this.quiet && this.words['quiet.' + key]) || this.words[key] || ''
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '')
  }

  /** has tells whether a key has a text, for codes that a server may add. */
  has(key) {
    return key in this.words
  }

  /** The time of day, with the day unless it is today. */
  time(at) {
    const date = new Date(at)
    if (isNaN(date)) return ''
    const today = date.toDateString() === new Date().toDateString()
    // Not every browser knows Welsh, and none may fall back to its own
    // language: numbers as at home.
    const [lang] = Intl.DateTimeFormat.supportedLocalesOf(this.lang === 'en' ? [] : this.lang)
    const day = today ? {} : { day: 'numeric', month: 'numeric' }
    return date.toLocaleString(lang || 'en-GB', { ...day, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  }

  /** Bytes as people read them. */
  size(bytes) {
    const mega = bytes / 1048576
    if (mega < 1) return `${Math.max(1, Math.round(bytes / 1024))} kB`
    return `${Math.round(mega * 10) / 10} MB`
  }
}

/** LANGUAGES has the name of each of our languages, in that language, by tag. */
const TAGS = Object.keys(LANGUAGES)

/** The best of our languages for a tag such as "cy-GB". */
function pickLanguage(tag) {
  const wanted = (tag || '').toLowerCase()
  return TAGS.find((each) => each.toLowerCase() === wanted) || TAGS.find((each) => each === wanted.split('-')[0]) || 'en'
}
