// Opens the chat with a question that a button carries, ready to be sent; and
// tells the chat which product is looked at.
const product = document.querySelector('[data-product]')?.dataset.product
if (product) window.securechat('context', { product })

for (const button of document.querySelectorAll('[data-ask]')) {
  button.addEventListener('click', () => {
    window.securechat('open')
    if (button.dataset.ask) window.securechat('prefill', button.dataset.ask)
  })
}
