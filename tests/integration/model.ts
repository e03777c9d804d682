import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A chat model for n8n's agent, as far as OpenAI's chat completions go. */
export interface Model {
  /** What goes into the credential as its base URL. */
  url: string
  close(): void
}

interface Asked {
  stream?: boolean
  messages: { role: string; content: string | { text?: string }[] }[]
}

/**
 * Starts the model. It does what the question says: "count to 12" is answered
 * with the numbers, "slowly" with a pause before each, and "break at 5" cuts
 * the line after that number.
 */
export async function openModel(): Promise<Model> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    if (request.method === 'GET') {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'counter', object: 'model' }] }))
      return
    }
    const asked = JSON.parse(body) as Asked
    const question = asked.messages.findLast((m) => m.role === 'user')?.content ?? ''
    const text = typeof question === 'string' ? question : question.map((p) => p.text).join(' ')
    const number = (pattern: RegExp) => Number(text.match(pattern)?.[1] ?? Number.NaN)
    const words = Array.from({ length: number(/count to (\d+)/i) || 3 }, (_, i) => `${i + 1}`)
    const breakAt = number(/break at (\d+)/i)
    const gap = /slowly/i.test(text) ? 150 : 5

    if (!asked.stream) {
      response.setHeader('Content-Type', 'application/json')
      const message = { role: 'assistant', content: words.join(' ') }
      response.end(
        JSON.stringify({
          ...head('chat.completion'),
          choices: [{ index: 0, message, finish_reason: 'stop' }],
        }),
      )
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const say = (delta: object, finish_reason: string | null = null) =>
      response.write(
        `data: ${JSON.stringify({ ...head('chat.completion.chunk'), choices: [{ index: 0, delta, finish_reason }] })}\n\n`,
      )
    say({ role: 'assistant', content: '' })
    for (const [i, word] of words.entries()) {
      if (i === breakAt) return void response.destroy()
      say({ content: i ? ` ${word}` : word })
      await pause(gap)
    }
    say({}, 'stop')
    response.end('data: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const head = (object: string) => ({ id: 'count', object, created: 0, model: 'counter' })
