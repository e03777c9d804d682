// The two-line snippet of the integration guide, in a file of its own: this
// shop's policy forbids inline scripts.
window.securechat =
  window.securechat ||
  (() => {
    const queue = (...call) => queue.q.push(call)
    queue.q = []
    return queue
  })()
