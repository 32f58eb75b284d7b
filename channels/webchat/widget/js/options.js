// What is needed seldom: quiet chat, language, a copy, the end.

function drawOptions(chat, wrong) {
  const { talk, t } = chat
  return h('section', { class: 'options', 'aria-labelledby': 'options-title' },
    h('button', { class: 'link', onclick: () => chat.showOptions(false) }, t('options.back')),
    h('h2', { id: 'options-title', tabindex: -1 }, t('options')),
    h('h3', null, t('covert')), h('p', null, t('covert.what')), quietButton(chat),
    TAGS.length > 1 && [h('h3', null, t('language')), h('div', { class: 'row' }, languageButtons(chat))],
    talk.begun && talk.token && copyPart(chat, wrong),
    talk.begun && !talk.ended && endPart(chat))
}

/** languageButtons are one for each language but the present one. */
function languageButtons(chat) {
  return TAGS.filter((tag) => tag !== chat.texts.lang).map((tag) =>
    h('button', { class: 'link', lang: tag, onclick: () => chat.setLanguage(tag) }, LANGUAGES[tag]))
}

/** copyPart offers the copy by mail where that is safe, or says why not; wrong is
 * what the server says of the address. */
function copyPart(chat, wrong) {
  const { talk, t } = chat
  if (!talk.about?.transcript) return null
  const unsafe = talk.covert || talk.details.safeToContact === 'no'
  if (unsafe) return [h('h3', null, t('copy')), h('p', null, t('notice.transcript_unsafe'))]
  const email = h('input', {
    id: 'copy-email', type: 'email', autocomplete: 'email', value: wrong && talk.mailTo, 'aria-invalid': wrong && 'true', 'aria-describedby': 'copy-problem',
  })
  // Only the server says what is wrong, in the language of the chat.
  return [h('h3', null, t('copy')), h('form', {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault()
      talk.mail(email.value.trim())
      chat.showOptions(false)
    },
  }, h('p', null, t('copy.what')), h('p', { class: 'problem', id: 'copy-problem' }, wrong),
  h('p', { class: 'field' }, h('label', { for: 'copy-email' }, t('copy.email')), email),
  h('button', { class: 'secondary', type: 'submit' }, t('copy.send')))]
}

/** endPart asks once more, since it cannot be undone. */
function endPart(chat) {
  const { talk, t } = chat
  return fold(t('end'), h('p', null, t('end.what')), h('button', {
    class: 'secondary', onclick: () => {
      talk.end()
      chat.showOptions(false)
    },
  }, t('end.sure')))
}
