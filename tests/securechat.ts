import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Running, start } from './process.ts'

const binary =
  process.env['SECURECHAT_BINARY'] ??
  fileURLToPath(new URL('../apps/proxy-server/bin/securechat', import.meta.url))

/** The built program on a data folder of its own. */
export interface Securechat {
  /** Where it listens: scheme, host and port. */
  address: string
  /** Runs another of its commands to the end, and returns what it printed. */
  command(args: string[], input?: string): Promise<string>
  /** All that the server has logged. */
  log(): string
  /** Ends the server as a power cut would. */
  kill(): Promise<void>
  /** Starts it again, at the same address and on the same data. */
  restart(): Promise<void>
  /** Ends it and throws its data away. */
  close(): Promise<void>
}

/** Starts the server with these arguments on any free port of the loopback. */
export async function openSecurechat(serve: string[] = []): Promise<Securechat> {
  const home = await mkdtemp(join(tmpdir(), 'securechat-'))
  const env = {
    ...process.env,
    SECURECHAT_DATA: join(home, 'data'),
    SECURECHAT_LISTEN: '127.0.0.1:0',
    SECURECHAT_INTERNAL_LISTEN: '127.0.0.1:0',
    SECURECHAT_ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8',
  }
  let server: Running

  const listen = async () => {
    server = start(binary, ['serve', ...serve], env)
    const [, address = ''] = await server.says(/listening on (http:\/\/\S+)/)
    return address
  }
  const address = await listen()

  return {
    address,
    command: (args, input = '') =>
      new Promise((resolve, reject) => {
        const child = execFile(binary, args, { env }, (error, out, complaint) =>
          error
            ? reject(new Error(`securechat ${args.join(' ')}: ${complaint || error.message}`))
            : resolve(out),
        )
        child.stdin?.end(input)
      }),
    log: () => server.said(),
    kill: () => server.end('SIGKILL'),
    restart: async () => {
      env.SECURECHAT_LISTEN = new URL(address).host
      await listen()
    },
    close: async () => {
      await server.end('SIGTERM')
      await rm(home, { recursive: true, force: true })
    },
  }
}
