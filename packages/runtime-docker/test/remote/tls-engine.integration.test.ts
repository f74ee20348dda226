import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { createRuntimeHost, execManagerCapability, isHostError, requireCapabilities } from '@capstan/core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { testEngine } from '../../../../test/support/test-engine.js'
import { tlsEngine } from '../../../../test/support/tls-engine.js'
import { makeCertificates } from '../../../../tools/engine/certificates.mjs'
import { type DockerPluginOptions, dockerPlugin } from '../../src/docker-plugin.js'
import { collectOutput } from '../collect-output.js'

const { endpoint, directory: certificates } = tlsEngine ?? { endpoint: '', directory: '' }

describe.skipIf(tlsEngine === undefined || !testEngine.available)('an engine that verifies its clients', () => {
  const image = testEngine.available ? testEngine.image : ''
  let directory = ''
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'capstan-test-tls-'))
    makeCertificates(join(directory, 'other'))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  /** Makes a directory of a client with these files, from those of the engine's client or of another authority. */
  function makeClient(files: Readonly<Record<string, 'own' | 'other'>>): string {
    const client = mkdtempSync(join(directory, 'client-'))
    for (const [name, from] of Object.entries(files)) {
      copyFileSync(join(from === 'own' ? certificates : join(directory, 'other'), name), join(client, name))
    }
    return client
  }

  async function open(options: DockerPluginOptions = {}) {
    const plugin = dockerPlugin({ endpoint, tls: { directory: certificates }, ...options })
    const host = createRuntimeHost({ plugins: [plugin], env: {} })
    onTestFinished(() => host[Symbol.asyncDispose]())
    return await host.open()
  }

  async function findAttempt(options: DockerPluginOptions) {
    const error = await open(options).catch((error: unknown) => error)
    if (!isHostError(error, 'RUNTIME_UNAVAILABLE')) throw error
    const { step, cause, remedy } = error.facts.reports[0]?.attempts[0] ?? {}
    return { step, message: cause?.message, remedy }
  }

  test('ends the input of containers and of processes, and returns their output and exit codes', async () => {
    const scope = await open()
    const { runtime } = scope
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const input = () => Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(100_000, 'a')))
    const command = ['sh', '-c', 'wc -c; exit 5']
    const id = await runtime.createContainer({ image, command, interactive: true, pull: 'never' })
    onTestFinished(() => runtime.removeContainer(id))
    const stdout = collectOutput()
    expect(await runtime.startAttached(id, { stdin: input(), stdout: stdout.stream })).toBe(5)
    expect(stdout.text()).toBe('10000000\n')
    const other = await runtime.createContainer({ image, command: ['sleep', '60'], pull: 'never' })
    onTestFinished(() => runtime.removeContainer(other))
    await runtime.startContainer(other)
    const running = await execs.exec(other, command)
    const text = collectOutput()
    running.stdout.pipe(text.stream)
    input().pipe(running.stdin)
    expect(await running.exitCode).toBe(5)
    expect(text.text()).toBe('10000000\n')
  })

  test('is unavailable with the file of the authority that has not signed its certificate', async () => {
    const client = makeClient({ 'ca.pem': 'other', 'cert.pem': 'own', 'key.pem': 'own' })
    expect(await findAttempt({ tls: { directory: client } })).toEqual({
      step: 'tls',
      message: `the certificate of 127.0.0.1 is not signed by the authority in ${join(client, 'ca.pem')}`,
      remedy: `name the authority of 127.0.0.1: its certificate belongs into ca.pem in ${client}`,
    })
  })

  test('is unavailable with the directory that has no certificate of the client', async () => {
    const client = makeClient({ 'ca.pem': 'own' })
    expect(await findAttempt({ tls: { directory: client } })).toEqual({
      step: 'tls',
      message: `127.0.0.1 requires a certificate of the client, and ${client} has no cert.pem and key.pem`,
      remedy: `copy cert.pem and key.pem to ${client}, or name another directory by DOCKER_CERT_PATH`,
    })
  })

  test('is unavailable with the file of a client certificate of another authority', async () => {
    const client = makeClient({ 'ca.pem': 'own', 'cert.pem': 'other', 'key.pem': 'other' })
    const attempt = await findAttempt({ tls: { directory: client } })
    expect(attempt.step).toBe('tls')
    expect(`${attempt.message} ${attempt.remedy}`).toContain(join(client, 'cert.pem'))
  })

  test('is unavailable with the option to pass when TLS is not used', async () => {
    const plugin = dockerPlugin({ endpoint })
    const [report] = await createRuntimeHost({ plugins: [plugin], env: {} }).discover()
    expect(report?.attempts).toMatchObject([{ step: 'ping', remedy: expect.stringContaining('pass the option `tls`') }])
  })

  /** Forwards connections to the engine. `cut` ends them; after `stall` nothing is forwarded, and no connection ends. */
  async function startForwarder() {
    const { hostname, port } = new URL(endpoint.replace('tcp:', 'http:'))
    const sockets = new Set<Socket>()
    let isStalled = false
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const inner = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
      for (const each of [socket, inner]) {
        sockets.add(each.on('error', () => {}))
        each.on('close', () => {
          sockets.delete(each)
          socket.destroy()
          inner.destroy()
        })
      }
      if (!isStalled) socket.pipe(inner).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const { port: own } = server.address() as AddressInfo // it listens on a port
    return {
      sockets,
      endpoint: `tcp://127.0.0.1:${own}`,
      cut: () => {
        for (const socket of sockets) socket.destroy()
      },
      stall: () => {
        isStalled = true
        for (const socket of sockets) socket.unpipe().pause()
      },
    }
  }

  test.each(['cut', 'stall'] as const)(
    'fails streams with CONNECTION_LOST after a %s of all connections, and leaves the container and no connection',
    async (fault) => {
      const forwarder = await startForwarder()
      const timeouts = { livenessIntervalMs: 200, livenessAnswerMs: 500, answerMs: 2_000, containerEndMs: 1_000 }
      const { runtime } = await open({ endpoint: forwarder.endpoint, timeouts })
      const command = ['sh', '-c', 'while sleep 0.1; do echo line; done']
      const { runtime: direct } = await open()
      const id = await direct.createContainer({ image, command, pull: 'never' })
      onTestFinished(() => direct.removeContainer(id))
      await direct.startContainer(id)
      const seen = { log: 0, attach: 0 }
      const readLog = async () => {
        for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) seen.log += bytes.length
      }
      const stdout = new Writable({
        write(chunk: Buffer, _, done) {
          seen.attach += chunk.length
          done()
        },
      })
      const streams = [readLog(), runtime.attach(id, { stdout }), runtime.waitContainer(id)]
      const outcomes = Promise.allSettled(streams)
      await expect.poll(() => Math.min(seen.log, seen.attach)).toBeGreaterThan(0)
      forwarder[fault]()
      const lost = { status: 'rejected', reason: { code: 'CONNECTION_LOST' } }
      expect(await outcomes).toMatchObject([lost, lost, lost])
      if (fault === 'cut') await runtime.ping()
      expect(await direct.containerState(id)).toBe('running')
      await runtime.close()
      // A stalled connection does not see that the other side has ended.
      if (fault === 'stall') forwarder.cut()
      await expect.poll(() => forwarder.sockets.size).toBe(0)
    },
  )

  test('probes an idle connection every 30 s, since the other side may vanish without a notice', async () => {
    const { runtime } = await open()
    const id = await runtime.createContainer({ image, command: ['sleep', '60'], pull: 'never' })
    onTestFinished(() => runtime.removeContainer(id))
    await runtime.startContainer(id)
    const attached = runtime.attach(id, { stdout: collectOutput().stream })
    const { port } = new URL(endpoint.replace('tcp:', 'http:'))
    const own = `pid=${process.pid},`
    const listOwn = () => {
      const lines = execFileSync('ss', ['-tnpo', 'state', 'established', `( dport = :${port} )`])
        .toString()
        .split('\n')
      return lines.filter((line) => line.includes(own))
    }
    await expect.poll(() => listOwn().length).toBeGreaterThan(1)
    expect(listOwn().filter((line) => !/timer:\(keepalive,(\d+ms|[12]?\d(\.\d+)?sec|30sec)/.test(line))).toEqual([])
    await runtime.removeContainer(id)
    await attached
  })
})
