// The beginning: the element is made known, and put on a page that has none.

if (!customElements.get('contact-chat')) {
  customElements.define('contact-chat', ContactChat)
  const insert = () => document.querySelector('contact-chat') || document.body.append(document.createElement('contact-chat'))
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', insert)
  else insert()
}
