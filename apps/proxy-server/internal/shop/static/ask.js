// Opens the chat with the question that a button carries, ready to be sent.
for (const button of document.querySelectorAll('[data-ask]')) {
  button.addEventListener('click', () => {
    window.securechat('open')
    if (button.dataset.ask) window.securechat('prefill', button.dataset.ask)
  })
}
