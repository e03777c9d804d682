import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program that runs beside the tests. */
export interface Running {
  /** Resolves with the first line of its output that matches, or rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  /** All that it has said so far. */
  said(): string
  /** Ends it, and what it has started, with a signal, and waits for that. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** Starts a program in a process group of its own. */
export function start(command: string, args: string[], env: NodeJS.ProcessEnv): Running {
  const child: ChildProcess = spawn(command, args, {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const listener of listeners) listener(line)
    })
  }
  const ended = once(child, 'close')
  const said = () => lines.join('\n')

  return {
    said,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const hear = (line: string) => {
          const match = line.match(pattern)
          if (!match) return
          listeners.delete(hear)
          resolve(match)
        }
        listeners.add(hear)
        for (const line of lines) hear(line)
        ended.then(
          () => reject(new Error(`${command} ended without saying ${pattern}:\n${said()}`)),
          reject,
        )
      }),
    end: async (signal) => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, signal)
      }
      await ended
    },
  }
}
