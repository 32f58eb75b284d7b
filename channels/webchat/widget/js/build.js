// Making elements. Texts go in as text nodes and nothing is ever parsed as
// HTML, so that neither a reply nor a language file can bring markup, and pages
// that demand trusted types are content.

/**
 * h makes an element. Attributes named "on..." are listeners; true is an empty
 * attribute; false, null and undefined are none. Children are nodes or strings.
 * A button that does not say so submits nothing.
 */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag)
  if (tag === 'button') element.type = tag
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.flat().filter((child) => child || child === 0))
  return element
}

/** The icons, drawn with lines in a square of 24. */
const ICONS = {
  chat: 'M4 5h16v11H9l-5 4z',
  exit: 'M10 4H5v16h5M10 12h10M16 8l4 4-4 4',
  down: 'M6 9l6 6 6-6',
  more: 'M4 7h16M4 12h16M4 17h16',
  tick: 'M5 13l4 4 10-11',
  ticks: 'M1 13l4 4L15 6M11 16l1 1L22 6',
  clock: 'M12 4a8 8 0 1 0 .01 0M12 8v4l3 2',
  alert: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  cross: 'M6 6l12 12M18 6L6 18',
}

/** icon draws one. It says nothing to a screen reader: words stand beside it. */
function icon(name) {
  const SVG = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(SVG, 'svg')
  const path = document.createElementNS(SVG, 'path')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  svg.setAttribute('class', 'icon')
  path.setAttribute('d', ICONS[name])
  svg.append(path)
  return svg
}

/** Addresses in a reply become links; anything but http(s) stays text. */
function withLinks(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]'])/).map((part, i) =>
    i % 2 ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, part) : part)
}

/** A button that only hides and shows what stands behind it. */
function fold(summary, ...inside) {
  return h('details', null, h('summary', null, summary), h('div', { class: 'inside' }, ...inside))
}

/** newID is 128 random bits. */
const newID = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

const now = () => new Date().toISOString()

/** since is how many ms ago something was. A clock that was set back meanwhile
 * counts as one that was set forward: it was long ago. */
const since = (time) => Math.abs(Date.now() - time)
