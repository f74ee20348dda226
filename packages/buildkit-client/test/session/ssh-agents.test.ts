import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Code, createClient } from '@connectrpc/connect'
import { describe, expect, it, onTestFinished } from 'vitest'
import { endWithThisProcess } from '../../../../tools/end-with-this-process.mjs'
import { SSH } from '../../src/generated/ssh_pb.js'
import { openTestSession } from '../support/session-daemon.js'

async function createSocketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'agent.sock')
}

/** Starts an agent that answers each request with its own bytes, and records the types of the requests. */
async function startAgent() {
  const path = await createSocketPath()
  const types: number[] = []
  const server = createServer((socket) => {
    socket.on('data', (request: Buffer) => {
      types.push(request[4] ?? 0)
      socket.write(request)
    })
  })
  await once(server.listen(path), 'listening')
  onTestFinished(() => void server.close())
  return { path, types, server }
}

async function openAgents(ssh: Readonly<Record<string, string>>) {
  const { session, caller } = await openTestSession({ ssh })
  onTestFinished(() => session.close())
  return createClient(SSH, caller.transport)
}

/** Sends bytes to an agent in the given pieces, and returns what it answers. */
async function ask(agents: Awaited<ReturnType<typeof openAgents>>, pieces: readonly Buffer[], id = 'default') {
  async function* send() {
    for (const data of pieces) yield { data }
  }
  const answers: Uint8Array[] = []
  for await (const { data } of agents.forwardAgent(send(), { headers: { 'buildkit.ssh.id': id } })) answers.push(data)
  return Buffer.concat(answers)
}

function toRequest(type: number, ...payload: number[]): Buffer {
  return Buffer.from([0, 0, 0, 1 + payload.length, type, ...payload])
}

const failure = toRequest(5)

describe('the SSH agents of a session', () => {
  it('confirm the ids that are given, and answer NOT_FOUND for others', async () => {
    const agents = await openAgents({ default: '/agent', work: '/other' })
    await agents.checkAgent({ ID: 'work' })
    await agents.checkAgent({ ID: '' })
    await expect(agents.checkAgent({ ID: 'toString' })).rejects.toMatchObject({ code: Code.NotFound })
  })

  it('list keys and sign, also when requests arrive in pieces', async () => {
    const { path, types } = await startAgent()
    const requests = Buffer.concat([toRequest(11), toRequest(13, 1, 2, 3)])
    const pieces = [requests.subarray(0, 2), requests.subarray(2, 8), requests.subarray(8)]
    expect(await ask(await openAgents({ default: path }), pieces)).toEqual(requests)
    expect(types).toEqual([11, 13])
  })

  it.each([
    ['add a key', 17],
    ['remove a key', 18],
    ['remove all keys', 19],
    ['be locked', 22],
    ['add a constrained key', 25],
    ['run an extension', 27],
  ])('refuse to %s, and pass nothing on', async (_, type) => {
    const { path, types } = await startAgent()
    const answer = await ask(await openAgents({ default: path }), [toRequest(type, 1), toRequest(11)])
    expect(answer).toEqual(Buffer.concat([failure, toRequest(11)]))
    expect(types).toEqual([11])
  })

  it('fail with UNAVAILABLE when the socket does not exist', async () => {
    const agents = await openAgents({ default: '/nonexistent/agent.sock' })
    await expect(ask(agents, [toRequest(11)])).rejects.toMatchObject({ code: Code.Unavailable })
  })

  it('fail with UNAVAILABLE when the agent closes the connection', async () => {
    const { path, server } = await startAgent()
    server.on('connection', (socket) => socket.destroy())
    await expect(ask(await openAgents({ default: path }), [toRequest(11)])).rejects.toMatchObject({
      code: Code.Unavailable,
    })
  })

  const hasOpenSsh = spawnSync('ssh-agent', ['-h']).error === undefined
  it.skipIf(!hasOpenSsh)('give the keys of ssh-agent, and keep it unchanged (skipped without OpenSSH)', async () => {
    const path = await createSocketPath()
    const agent = spawn('ssh-agent', ['-D', '-a', path], { stdio: ['ignore', 'pipe', 'ignore'] })
    const cancelEnd = endWithThisProcess(agent.pid ?? 0, path)
    onTestFinished(() => {
      agent.kill()
      cancelEnd()
    })
    await once(agent.stdout, 'data')
    const env = { ...process.env, SSH_AUTH_SOCK: path }
    const key = `${path}.key`
    expect(spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'a test', '-f', key]).status).toBe(0)
    expect(spawnSync('ssh-add', ['-q', key], { env }).status).toBe(0)
    const proxy = await serveAgent(await openAgents({ default: path }))
    const run = (...args: string[]) => {
      const child = spawn('ssh-add', args, { env: { ...process.env, SSH_AUTH_SOCK: proxy } })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
      return new Promise<{ readonly output: string; readonly exitCode: number | null }>((resolve) => {
        child.once('close', (exitCode) => resolve({ output, exitCode }))
      })
    }
    expect(await run('-l')).toMatchObject({ output: expect.stringContaining('a test (ED25519)'), exitCode: 0 })
    expect(await run('-T', `${key}.pub`)).toMatchObject({ exitCode: 0 })
    expect((await run('-D')).exitCode).not.toBe(0)
    expect(await run('-l')).toMatchObject({ exitCode: 0 })
  })
})

/** Serves a socket as BuildKit does for a step: each connection is one call. */
async function serveAgent(agents: Awaited<ReturnType<typeof openAgents>>): Promise<string> {
  const path = await createSocketPath()
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    async function* read() {
      for await (const data of socket.iterator({ destroyOnReturn: false })) yield { data }
    }
    for await (const { data } of agents.forwardAgent(read())) socket.write(data)
    socket.end()
  })
  await once(server.listen(path), 'listening')
  onTestFinished(() => void server.close())
  return path
}
