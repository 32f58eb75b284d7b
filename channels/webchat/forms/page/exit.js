// The quick exit, where scripts run: nothing stays on the screen, and the way
// back leads neither to this page nor to one before it as it was left, with what
// was written there. Without scripts the link is only a link.
(() => {
  'use strict'
  const link = document.querySelector('.exit')
  const leave = () => {
    const to = link.href
    document.documentElement.replaceChildren()
    location.replace(to)
  }
  let tabs
  try {
    // Other tabs leave too, and a browser lets go of a page that it keeps for
    // the way back when there is a message for it.
    tabs = new BroadcastChannel('forms')
    tabs.onmessage = leave
  } catch {
    // An old browser, or one that forbids it.
  }
  link.addEventListener('click', (event) => {
    event.preventDefault()
    if (tabs) tabs.postMessage('')
    leave()
  })
})()
