// What stands before the first message: 999, how to get help without speaking,
// what happens next, what stays on the device, and questions nobody must answer.

/** firstScreen draws it. Once the conversation has begun it is folded away. */
function firstScreen(chat) {
  const { talk, t } = chat
  const phone = talk.about?.phone || '999'
  const danger = h('div', { class: 'danger' },
    h('p', null, h('strong', null, t('danger', { phone }))),
    h('a', { class: 'call', href: 'tel:' + phone }, t('call', { phone })))
  const rest = [cannotSpeak(chat, phone), nextSteps(chat), aboutYou(chat), traces(t)]
  if (!talk.begun) return h('div', { class: 'first' }, danger, ...rest)
  return h('div', { class: 'first' }, h('details', { class: 'help' }, h('summary', null, t('help')),
    h('div', { class: 'inside' }, danger, ...rest)))
}

function cannotSpeak(chat, phone) {
  const { t, sub } = chat
  return fold(t('speak'),
    h(sub, null, t('speak.mobile')), h('p', null, t('speak.mobile.how', { phone })), h('p', null, t('speak.mobile.limits', { phone })),
    h(sub, null, t('speak.landline')), h('p', null, t('speak.landline.how', { phone })),
    h(sub, null, t('speak.deaf')), h('p', null, t('speak.deaf.how', { phone })),
    h(sub, null, t('speak.here')), h('p', null, t('speak.here.how', { phone })),
    quietButton(chat))
}

/** quietButton turns the quiet chat on and off. */
function quietButton(chat) {
  const { talk, t } = chat
  return h('button', {
    class: 'secondary', 'aria-pressed': String(talk.covert), onclick: () => chat.setCovert(!talk.covert),
  }, t(talk.covert ? 'covert.off' : 'covert.on'))
}

/** nextSteps says what happens with a message and when, from what the desk last
 * told. The element keeps it and draws it anew when that changes. */
function nextSteps(chat) {
  const { talk, t } = chat
  const { hours, promise } = talk.about || {}
  const open = chat.deskOpen()
  const line = deskLine(chat)
  const said = open === false ? hours?.text : promise
  chat.nextPart = h('div', { class: 'next' },
    h(chat.sub, null, t('next')),
    h('p', null, line),
    said && said !== line && h('p', null, said),
    h('p', null, t('next.how')))
  return chat.nextPart
}

/** deskLine is one sentence on who is there. */
function deskLine(chat) {
  const { talk, t } = chat
  const open = chat.deskOpen()
  if (open === undefined) return t('status.unknown')
  if (!open) return talk.desk?.text || t('desk.closed')
  const { handlers, waitSeconds } = talk.desk || talk.about
  const here = t(handlers ? 'desk.here' : 'desk.open')
  return waitSeconds ? `${here} ${t('desk.wait', { minutes: Math.max(1, Math.round(waitSeconds / 60)) })}` : here
}

/** aboutYou asks; whatever is filled in goes along with the next message. */
function aboutYou(chat) {
  const { talk, t } = chat
  // Not lost when all is drawn anew.
  const told = talk.store.kept.about || talk.details
  const field = (name, type, autocomplete) => {
    const id = 'about-' + name
    return h('p', { class: 'field' }, h('label', { for: id }, t('about.' + name)),
      h('input', { id, name, type, autocomplete: talk.covert ? 'off' : autocomplete, maxlength: 300, value: told[name] || '' }))
  }
  const safe = ['yes', 'no', 'unknown'].map((value) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: 'safeToContact', value, checked: told.safeToContact === value }), h('span', null, t('about.safe.' + value))))
  chat.aboutForm = h('form', {
    class: 'about',
    oninput: () => talk.store.keep({ about: readAbout(chat.aboutForm) }),
    onsubmit: (event) => {
      event.preventDefault()
      chat.sendAbout()
    },
  },
  h('p', null, t('about.lead')),
  field('name', 'text', 'name'),
  field('reach', 'text', 'off'),
  h('fieldset', null, h('legend', null, t('about.safe')), ...safe),
  field('location', 'text', 'off'),
  h('button', { class: 'secondary', type: 'submit' }, t('about.send')))
  return fold(t('about'), chat.aboutForm)
}

/** readAbout returns what was filled in, without what was left empty. */
function readAbout(form) {
  const told = {}
  for (const [name, value] of new FormData(form)) {
    if (value.trim()) told[name] = value.trim()
  }
  return told
}

/** traces is honest about what stays. */
function traces(t) {
  return fold(t('traces'),
    h('p', null, t('traces.kept')),
    h('p', null, t('traces.exit')),
    h('p', null, t('traces.stays')),
    h('p', null, t('traces.advice')))
}
