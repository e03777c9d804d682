import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Running, start } from '../process.ts'

/** A node of a workflow file, as far as it is read here. */
interface WorkflowNode {
  type: string
  parameters: Record<string, unknown>
  credentials?: Record<string, { id: string; name: string }>
}

interface Workflow {
  name: string
  nodes: WorkflowNode[]
  connections: object
  settings: object
}

/** Kind of credential → the id of the one that nodes of this kind shall use. */
export type Credentials = Record<string, string>

/** What an owner puts into a workflow file after importing it. */
export interface Owned {
  /** Of the webhook, below /webhook/. */
  path: string
  siteKey: string
  credentials: Credentials
}

/** A real n8n on the loopback, with an empty database of its own. */
export interface N8n {
  /** Its address: scheme, host and port. */
  base: string
  /** Stores a credential and returns its id. */
  addCredential(type: string, data: Record<string, unknown>): Promise<string>
  /** Stores a workflow of docs/n8n/workflows, publishes it and returns its id. */
  publish(file: string, owned: Owned): Promise<string>
  activate(workflow: string): Promise<void>
  deactivate(workflow: string): Promise<void>
  /** Ends the process as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on the same data. */
  restart(): Promise<void>
  close(): Promise<void>
}

const appDir = process.env['N8N_APP_DIR'] ?? ''
const node = process.env['N8N_NODE'] ?? process.execPath
const owner = {
  email: 'owner@shop.example',
  firstName: 'Olive',
  lastName: 'Owner',
  password: 'Integration1Test',
}
const scopes = [
  'credential:create',
  'workflow:create',
  'workflow:update',
  'workflow:activate',
  'workflow:deactivate',
]

export async function openN8n(): Promise<N8n> {
  const home = await mkdtemp(join(tmpdir(), 'securechat-n8n-'))
  const [port, brokerPort] = [await freePort(), await freePort()]
  const base = `http://127.0.0.1:${port}`
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    NODE_ENV: 'production',
    N8N_USER_FOLDER: home,
    N8N_LISTEN_ADDRESS: '127.0.0.1',
    N8N_HOST: '127.0.0.1',
    N8N_PORT: String(port),
    N8N_RUNNERS_BROKER_PORT: String(brokerPort),
    N8N_ENCRYPTION_KEY: 'for this test only',
    N8N_SECURE_COOKIE: 'false',
    // Nothing may leave the machine.
    N8N_DIAGNOSTICS_ENABLED: 'false',
    N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
    N8N_TEMPLATES_ENABLED: 'false',
    N8N_PERSONALIZATION_ENABLED: 'false',
    N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
    N8N_DISABLED_MODULES: 'mcp-registry,instance-ai,community-packages',
  }
  let running: Running

  const listen = async () => {
    running = start(node, [join(appDir, 'node_modules/n8n/bin/n8n'), 'start'], env)
    await until('n8n is ready', running, async () => (await fetch(`${base}/healthz/readiness`)).ok)
  }
  await listen()
  const api = await becomeOwner(base)

  return {
    base,
    addCredential: async (type, data) =>
      (await api('POST', '/credentials', { name: `${type} for the proxy`, type, data })).id,
    publish: async (file, owned) => {
      const { id } = await api('POST', '/workflows', await readWorkflow(file, owned))
      await api('POST', `/workflows/${id}/activate`)
      return id
    },
    activate: async (id) => void (await api('POST', `/workflows/${id}/activate`)),
    deactivate: async (id) => void (await api('POST', `/workflows/${id}/deactivate`)),
    kill: () => running.end('SIGKILL'),
    restart: listen,
    close: async () => {
      await running.end('SIGTERM')
      await rm(home, { recursive: true, force: true })
    },
  }
}

type Api = (method: string, path: string, body?: unknown) => Promise<{ id: string }>

/** Sets up the owner of a fresh n8n and returns its public API. */
async function becomeOwner(base: string): Promise<Api> {
  const call = async (method: string, path: string, headers: HeadersInit, body?: unknown) => {
    const response = await fetch(base + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`n8n ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  // The session belongs to the browser that names itself so.
  const browser = { 'browser-id': 'integration-test' }
  const setup = await call('POST', '/rest/owner/setup', browser, owner)
  const cookie = setup.headers
    .getSetCookie()
    .map((c) => c.split(';')[0])
    .join('; ')
  const made = await call(
    'POST',
    '/rest/api-keys',
    { ...browser, cookie },
    { label: 'test', expiresAt: null, scopes },
  )
  const { data } = (await made.json()) as { data: { rawApiKey: string } }
  return async (method, path, body) =>
    (await (
      await call(method, `/api/v1${path}`, { 'X-N8N-API-KEY': data.rawApiKey }, body)
    ).json()) as { id: string }
}

/** A workflow as its owner has completed it, with a model that costs nothing. */
async function readWorkflow(
  file: string,
  { path, siteKey, credentials }: Owned,
): Promise<Workflow> {
  const folder = new URL('../../docs/n8n/workflows/', import.meta.url)
  const text = (await readFile(new URL(file, folder), 'utf8'))
    .replaceAll('secure-chat', path)
    .replaceAll('pk_your_site_key', siteKey)
  const { name, nodes, connections, settings } = JSON.parse(text) as Workflow
  const wanted: [type: string, kind: string][] = [
    ['webhook', 'jwtAuth'],
    ['jwt', 'jwtAuth'],
    ['chatTrigger', 'httpBasicAuth'],
    ['lmChatOpenAi', 'openAiApi'],
  ]
  for (const node of nodes) {
    for (const [type, kind] of wanted) {
      const id = credentials[kind]
      if (node.type.endsWith(`.${type}`) && id) node.credentials = { [kind]: { id, name: kind } }
    }
    if (node.type.endsWith('.lmChatOpenAi')) node.parameters['options'] = { maxRetries: 0 }
  }
  return { name: `${name} (${path})`, nodes, connections, settings }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Asks again twice a second until it holds; n8n tells of its start by no other means. */
async function until(what: string, running: Running, holds: () => Promise<boolean>) {
  const deadline = Date.now() + 180_000
  while (Date.now() < deadline) {
    if (await holds().catch(() => false)) return
    await pause(500)
  }
  throw new Error(`waited in vain until ${what}:\n${running.said()}`)
}
