// The cart: pieces by product, kept in this browser only.
{
  const key = 'northlight-cart'
  const most = 9
  const euros = (n) => `€${n}`

  /** What is stored is anybody's to change: only whole numbers of pieces are believed. */
  const read = () => {
    try {
      const stored = Object.entries(JSON.parse(localStorage.getItem(key)) ?? {})
      return new Map(stored.filter(([, n]) => Number.isInteger(n) && n > 0 && n <= most))
    } catch {
      return new Map()
    }
  }

  const write = (cart) => {
    try {
      localStorage.setItem(key, JSON.stringify(Object.fromEntries(cart)))
    } catch {
      say('This browser keeps nothing, so the cart stays empty.')
    }
  }

  const say = (text) => {
    const toast = document.querySelector('[data-toast]')
    toast.textContent = text
    toast.classList.add('seen')
    clearTimeout(say.timer)
    say.timer = setTimeout(() => toast.classList.remove('seen'), 3200)
  }

  const drawCount = (cart) => {
    const pieces = [...cart.values()].reduce((sum, n) => sum + n, 0)
    const badge = document.querySelector('[data-cart-count]')
    badge.hidden = pieces === 0
    badge.textContent = pieces
  }

  const drawLine = (template, pieces) => {
    const line = template.content.firstElementChild.cloneNode(true)
    line.dataset.slug = template.dataset.line
    line.querySelector('[data-pieces]').textContent = pieces
    line.querySelector('[data-step="1"]').disabled = pieces === most
    line.querySelector('[data-line-sum]').textContent = euros(pieces * template.dataset.euros)
    return line
  }

  const drawCart = (cart) => {
    const page = document.querySelector('[data-cart]')
    if (!page) return
    const chosen = [...page.querySelectorAll('template')].filter((t) => cart.has(t.dataset.line))
    const goods = chosen.reduce((sum, t) => sum + cart.get(t.dataset.line) * t.dataset.euros, 0)
    const freeFrom = Number(page.dataset.freeFrom)
    const delivery = goods >= freeFrom ? 0 : Number(page.dataset.delivery)
    const sums = {
      goods: euros(goods),
      delivery: delivery ? euros(delivery) : 'Free',
      total: euros(goods + delivery),
      hint: delivery ? `${euros(freeFrom - goods)} more and delivery is free.` : '',
    }
    for (const [name, text] of Object.entries(sums)) {
      page.querySelector(`[data-sum="${name}"]`).textContent = text
    }
    page.querySelector('[data-cart-empty]').hidden = chosen.length > 0
    page.querySelector('[data-cart-filled]').hidden = chosen.length === 0
    page
      .querySelector('[data-cart-lines]')
      .replaceChildren(...chosen.map((t) => drawLine(t, cart.get(t.dataset.line))))
  }

  const draw = () => {
    const cart = read()
    drawCount(cart)
    drawCart(cart)
  }

  const change = (slug, by) => {
    const cart = read()
    const pieces = Math.min(most, (cart.get(slug) ?? 0) + by)
    if (pieces > 0) cart.set(slug, pieces)
    else cart.delete(slug)
    write(cart)
    draw()
  }

  const step = (button) => {
    const { slug } = button.closest('[data-slug]').dataset
    change(slug, Number(button.dataset.step))
    // The line was drawn anew: whoever uses the keyboard stays where they were.
    const again = document.querySelector(`[data-slug="${slug}"] [data-step="${button.dataset.step}"]`)
    const focus = again && !again.disabled ? again : document.querySelector('main')
    focus.focus()
  }

  document.addEventListener('click', (event) => {
    const add = event.target.closest('[data-add]')
    if (add) {
      change(add.dataset.add, 1)
      say(`${add.dataset.name} is in your cart.`)
    }
    const stepper = event.target.closest('[data-step]')
    if (stepper) step(stepper)
  })
  window.addEventListener('storage', draw)
  window.addEventListener('pageshow', draw)
  draw()
}
