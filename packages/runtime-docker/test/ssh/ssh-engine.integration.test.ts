import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createRuntimeHost, isHostError } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { testEngine } from '../../../../test/support/test-engine.js'
import { hasSshServer, sshServerProgram, startSshServer } from '../../../../tools/test-ssh-server.mjs'
import { findSshHost } from '../../src/ssh/find-ssh-host.js'
import { collectOutput } from '../collect-output.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

const isMissing = !hasSshServer
if (isMissing && process.env.CAPSTAN_REQUIRE_SSH_SERVER === '1')
  throw new Error(`CAPSTAN_REQUIRE_SSH_SERVER=1, but there is no ${sshServerProgram}: node tools/ssh-server.mjs up`)
const reason = isMissing ? ` (skipped: there is no ${sshServerProgram}, see "node tools/ssh-server.mjs up")` : ''

describe.skipIf(isMissing)(`an engine over ssh${reason}`, () => {
  async function startEngine() {
    const { fake } = await startFakeEngine()
    return fake
  }

  async function startServer(lines?: readonly string[]) {
    const server = await startSshServer(lines)
    onTestFinished(() => server.close())
    return server
  }

  function createHost(endpoint: string, env: Awaited<ReturnType<typeof startServer>>['env']) {
    const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint })], env })
    onTestFinished(() => host[Symbol.asyncDispose]())
    return host
  }

  /** Returns the failed attempt of a host that finds no engine. */
  async function findAttempt(endpoint: string, env: Awaited<ReturnType<typeof startServer>>['env']) {
    const error = await createHost(endpoint, env)
      .open()
      .catch((error: unknown) => error)
    if (!isHostError(error, 'RUNTIME_UNAVAILABLE')) throw error
    const [report] = error.facts.reports
    const { step, cause, remedy } = report?.attempts[0] ?? {}
    return { step, code: cause?.code, message: cause?.message, remedy }
  }

  /** Waits until the server has seen the end of its connections. Those of this machine have ended when a call returns. */
  async function expectNothingLeft(server: Awaited<ReturnType<typeof startServer>>) {
    expect(readdirSync(server.temporaryDirectory)).toEqual([])
    await expect.poll(() => server.listConnections()).toEqual([])
    await expect.poll(() => server.listClients()).toEqual([])
  }

  test('is reached by one ssh for all calls, and closing the runtime leaves no process and no file', async () => {
    const [engine, server] = [await startEngine(), await startServer()]
    const host = createHost(`ssh://${server.address}${engine.socketPath}`, server.env)
    const { runtime, report } = await host.open()
    expect(report).toHaveProperty('endpoint', `ssh://${server.address}${engine.socketPath}`)
    await Promise.all(Array.from({ length: 30 }, () => runtime.listContainers()))
    // One process that listens for root, and one of the user.
    expect(server.listConnections().length).toBeLessThanOrEqual(2)
    expect(readdirSync(server.temporaryDirectory)).toHaveLength(1)
    await runtime.close()
    await expectNothingLeft(server)
  })

  test('has its ports at the host name that the configuration of ssh sets', async () => {
    const server = await startServer()
    const target = { user: undefined, host: 'build', port: undefined, socketPath: undefined }
    const find = (lines: readonly string[]) => findSshHost(target, { env: server.configure(lines), signal: undefined })
    expect(await find(['HostName 192.0.2.9'])).toBe('192.0.2.9')
    expect(await find([])).toBe('build')
    expect(await findSshHost(target, { env: { PATH: '/nonexistent' }, signal: undefined })).toBe('build')
  })

  test('fails with CONNECTION_LOST when the connection is cut, and the next call connects again', async () => {
    const [engine, server] = [await startEngine(), await startServer()]
    const { runtime } = await createHost(`ssh://${server.address}${engine.socketPath}`, server.env).open()
    await runtime.ping()
    engine.override('GET /_ping', () => server.cutConnections())
    await expect(runtime.ping()).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    engine.restore()
    await runtime.ping()
  })

  test('is reached by docker on the other machine where the server does not forward', async () => {
    const [engine, server] = [await startEngine(), await startServer(['AllowStreamLocalForwarding no'])]
    const { runtime } = await createHost(`ssh://${server.address}${engine.socketPath}`, server.env).open()
    await Promise.all(Array.from({ length: 5 }, () => runtime.listContainers()))
    await runtime.close()
    await expectNothingLeft(server)
  })

  test('is reached when the server drops connections that begin at the same time', async () => {
    const [engine, server] = [await startEngine(), await startServer(['MaxStartups 1'])]
    const hosts = Array.from({ length: 4 }, () => createHost(`ssh://${server.address}${engine.socketPath}`, server.env))
    await Promise.all(hosts.map(async (host) => (await host.open()).runtime.ping()))
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))
    await expectNothingLeft(server)
  })

  test.for([
    {
      title: 'the key of the host is not known',
      lines: ['UserKnownHostsFile /dev/null'],
      expected: { code: 'SSH_HOST_KEY', remedy: /^verify and accept the key of the host once: ssh -p \d+ \S+ true$/ },
    },
    {
      title: 'the login is refused',
      lines: ['PubkeyAuthentication no'],
      expected: { code: 'SSH_AUTHENTICATION', remedy: /ssh-add/ },
    },
    {
      title: 'the server does not listen',
      lines: ['Port 1'],
      expected: { code: 'SSH_REFUSED', remedy: /start the ssh server/ },
    },
    {
      title: 'the host has no address',
      lines: ['HostName no-such-host.invalid'],
      expected: { code: 'ENOTFOUND', remedy: /name server/ },
    },
  ])('is unavailable at the step ssh when $title', async ({ lines, expected }) => {
    const server = await startServer()
    // The port of the URL replaces that of the configuration.
    const address = lines[0] === 'Port 1' ? server.address.replace(/:\d+$/, '') : server.address
    expect(await findAttempt(`ssh://${address}`, server.configure(lines))).toMatchObject({
      step: 'ssh',
      code: expected.code,
      remedy: expect.stringMatching(expected.remedy),
    })
    await expectNothingLeft(server)
  })

  test('is unavailable when no engine listens at the path', async () => {
    const server = await startServer()
    expect(await findAttempt(`ssh://${server.address}/no/such.sock`, server.env)).toMatchObject({
      step: 'ssh',
      code: 'SSH_SOCKET',
      message: expect.stringContaining('no engine answers at /no/such.sock of 127.0.0.1'),
    })
    await expectNothingLeft(server)
  })

  test('is unavailable with the command to remove the old key when the key of the host has changed', async () => {
    const server = await startServer()
    const [host = '', port = ''] = server.address.replace(/^.*@/, '').split(':')
    const known = join(server.temporaryDirectory, 'known_hosts')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', known])
    writeFileSync(known, `[${host}]:${port} ${readFileSync(`${known}.pub`, 'utf8')}`)
    const env = server.configure([`UserKnownHostsFile ${known}`])
    expect(await findAttempt(`ssh://${server.address}`, env)).toMatchObject({
      step: 'ssh',
      code: 'SSH_HOST_KEY',
      remedy: expect.stringContaining(`ssh-keygen -R '[${host}]:${port}'`),
    })
    for (const file of [known, `${known}.pub`]) rmSync(file)
    await expectNothingLeft(server)
  })

  test('is unavailable when ssh is not installed', async () => {
    const env = { PATH: '/nonexistent', HOME: '/', TMPDIR: (await startServer()).temporaryDirectory }
    expect(await findAttempt('ssh://127.0.0.1', env)).toMatchObject({ step: 'ssh', code: 'SSH_MISSING' })
  })

  test('is left by ssh when the process of the runtime is killed, and its directory is removed', async () => {
    const [engine, server] = [await startEngine(), await startServer()]
    const program = fileURLToPath(new URL('../programs/open-engine.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, `ssh://${server.address}${engine.socketPath}`], {
      env: { ...server.env },
    })
    await once(child.stdout, 'data')
    expect(readdirSync(server.temporaryDirectory)).toHaveLength(1)
    child.kill('SIGKILL')
    await expect.poll(() => readdirSync(server.temporaryDirectory)).toEqual([])
    await expectNothingLeft(server)
  })

  test('runs containers: their input ends, and their output and exit code arrive', async ({ skip }) => {
    if (!testEngine.available) return skip(testEngine.reason)
    const { image, socketPath } = testEngine
    const server = await startServer()
    const { runtime } = await createHost(`ssh://${server.address}${socketPath}`, server.env).open()
    const command = ['sh', '-c', 'wc -c; exit 5']
    const id = await runtime.createContainer({ image, command, interactive: true, pull: 'never' })
    onTestFinished(() => runtime.removeContainer(id))
    const stdout = collectOutput()
    const stdin = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(100_000, 'a')))
    expect(await runtime.startAttached(id, { stdin, stdout: stdout.stream })).toBe(5)
    expect(stdout.text()).toBe('10000000\n')
  })

  test.for([
    { title: 'one ssh forwards', lines: [] },
    { title: 'each connection has an ssh of its own', lines: ['AllowStreamLocalForwarding no'] },
  ])(
    'fails streams with CONNECTION_LOST when connections are cut, and continues, where $title',
    async ({ lines }, { skip }) => {
      if (!testEngine.available) return skip(testEngine.reason)
      const { image, socketPath } = testEngine
      const server = await startServer(lines)
      const plugin = dockerPlugin({
        endpoint: `ssh://${server.address}${socketPath}`,
        timeouts: { containerEndMs: 1_000 },
      })
      const host = createRuntimeHost({ plugins: [plugin], env: server.env })
      onTestFinished(() => host[Symbol.asyncDispose]())
      const { runtime } = await host.open()
      const command = ['sh', '-c', 'while sleep 0.1; do echo line; done']
      const id = await runtime.createContainer({ image, command, pull: 'never' })
      await runtime.startContainer(id)
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
      const outcomes = Promise.allSettled([readLog(), runtime.attach(id, { stdout }), runtime.waitContainer(id)])
      await expect.poll(() => Math.min(seen.log, seen.attach)).toBeGreaterThan(0)
      server.cutConnections()
      const lost = { status: 'rejected', reason: { code: 'CONNECTION_LOST' } }
      expect(await outcomes).toMatchObject([lost, lost, lost])
      expect(await runtime.containerState(id)).toBe('running')
      await runtime.removeContainer(id)
      await host[Symbol.asyncDispose]()
      await expectNothingLeft(server)
    },
  )
})
