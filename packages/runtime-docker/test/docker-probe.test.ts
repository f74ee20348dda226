import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntimeHost, type RuntimePlugin, runtimeCapability } from '@capstan/core'
import type { ProbeResult } from '@capstan/core/plugin'
import { describe, expect, onTestFinished, test } from 'vitest'
import { compatiblePlugin } from '../src/compatible-plugin.js'
import { dockerPlugin } from '../src/docker-plugin.js'
import { probeEngines, toDefaultTimeoutMs } from '../src/docker-probe.js'
import type { EndpointCandidate } from '../src/endpoint/endpoint-candidate.js'
import { parseEndpoint } from '../src/endpoint/parse-endpoint.js'
import { explainProbeFailure, explainSlow } from '../src/endpoint/probe-failure.js'
import type { DockerDetails } from '../src/engine/docker-details.js'
import { dockerProduct, podmanProduct } from '../src/supported-products.js'
import { linux } from './endpoint/systems.js'
import { startFakeEngine } from './fake/fake-docker-engine.js'

async function createDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-probe-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Starts a server that is not an engine, at a socket or a port. */
async function listen(onConnection: Parameters<typeof createServer>[1], at: string | number): Promise<Server> {
  const server = createServer({}, onConnection)
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1' as never, resolve as never))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return server
}

const accepts = [dockerProduct, podmanProduct]
const noCompose = '/no/such/docker-compose'
const given = { accepts, apiVersionVariable: 'DOCKER_API_VERSION', system: linux, composeProgram: noCompose }

interface Probing {
  readonly chosen?: boolean
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

function probe(urls: readonly string[], { chosen = false, timeoutMs = 2_000, env = {}, signal }: Probing = {}) {
  const candidates = urls.map((url, index) => parseEndpoint(url, { source: `candidate ${index}`, tls: undefined }))
  return probeEngines({ chosen, candidates }, { ...given, timeoutMs, env, signal })
}

/** Blocks the event loop, as a long computation does. */
function blockLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function toEndpoint(candidate: EndpointCandidate) {
  if ('failed' in candidate) throw new Error('no endpoint')
  return { endpoint: candidate.endpoint }
}

const toCompatible = (url: string) =>
  compatiblePlugin({
    name: 'own',
    accepts: [dockerProduct],
    endpointVariable: 'MY_HOST',
    find: () => ({ chosen: false, candidates: [parseEndpoint(url, { source: 'MY_HOST' })] }),
  })

/** The fallback plugin. It must not be opened. */
const memoryLike: RuntimePlugin = {
  name: 'other',
  contractVersion: 1,
  probe: async () => ({
    ...{
      available: true,
      version: '1',
      endpoint: 'here',
      details: undefined,
      absent: [],
      unsupportedOptions: [],
      attempts: [],
    },
    notes: [],
    provides: [runtimeCapability],
  }),
  register: (scope) => scope.provide(runtimeCapability, {} as never),
}

function attemptsOf(result: ProbeResult<DockerDetails>) {
  return result.attempts.map(({ step, cause, source }) => ({ step, code: cause.code, source }))
}

describe('probe of an engine that answers', () => {
  test('reports version, endpoint and facts, and provides all managers of the release', async () => {
    const { fake } = await startFakeEngine()
    const result = await probe([`unix://${fake.socketPath}`])
    expect(result).toMatchObject({
      available: true,
      version: '20.10.24',
      endpoint: `unix://${fake.socketPath}`,
      details: { api: { version: '1.41', newest: '1.41', pinned: false }, facts: { product: 'docker', cpus: 2 } },
      attempts: [],
      absent: [
        { id: 'build-service', reason: 'Docker 20.10.24 is older than 23, which introduced it' },
        { id: 'swarm-manager', reason: 'the engine is in no swarm', remedy: 'docker swarm init' },
        { id: 'compose-manager', reason: `there is no program ${noCompose}` },
      ],
    })
    expect(result.available && result.provides.map(({ id }) => id)).toEqual([
      'runtime',
      'image-builder',
      'firewall-manager',
      'network-manager',
      'sidecar-manager',
      'exec-manager',
      'file-transfer',
      'container-control',
      'image-transfer',
      'image-manager',
      'volume-manager',
      'container-stats',
      'events',
      'job-manager',
    ])
  })

  test('provides BuildKit builds where the engine has the API of release 23', async () => {
    const { fake } = await startFakeEngine()
    fake.newestApi = '1.42'
    const result = await probe([`unix://${fake.socketPath}`])
    expect(result).toMatchObject({ available: true, absent: [{ id: 'swarm-manager' }, { id: 'compose-manager' }] })
    expect(result.available && result.provides.map(({ id }) => id)).toContain('build-service')
  })

  test('provides Compose projects where a Compose 2 is found', async () => {
    const { fake } = await startFakeEngine()
    const composeProgram = join(await createDirectory(), 'docker-compose')
    await writeFile(composeProgram, '#!/bin/sh\necho 2.40.3\n', { mode: 0o755 })
    const candidate = parseEndpoint(`unix://${fake.socketPath}`, { source: 'candidate', tls: undefined })
    const search = { chosen: false, candidates: [candidate] }
    const result = await probeEngines(search, { ...given, composeProgram, timeoutMs: 10_000, env: {} })
    expect(result).toMatchObject({ details: { compose: { path: composeProgram, version: '2.40.3' } } })
    expect(result.available && result.provides.map(({ id }) => id)).toContain('compose-manager')
  })

  test('sends two requests, the second with a version, and closes all connections', async () => {
    const { fake } = await startFakeEngine()
    await probe([`unix://${fake.socketPath}`])
    expect(fake.requests.map(({ rawPath }) => rawPath).toSorted()).toEqual(['/_ping', '/v1.41/info'])
    await expect.poll(() => fake.sockets.size).toBe(0)
  })

  test('uses the newest supported version with a newer engine', async () => {
    const { fake } = await startFakeEngine()
    fake.newestApi = '1.99'
    fake.oldestApi = '1.44'
    expect(await probe([`unix://${fake.socketPath}`])).toMatchObject({ details: { api: { version: '1.52' } } })
  })

  test('does not negotiate when DOCKER_API_VERSION is set', async () => {
    const { fake } = await startFakeEngine()
    fake.newestApi = '1.45'
    const result = await probe([`unix://${fake.socketPath}`], { env: { DOCKER_API_VERSION: '1.42' } })
    expect(result).toMatchObject({
      details: { api: { version: '1.42', pinned: true } },
      notes: [expect.stringContaining('hostAddress'), expect.stringContaining('pinned')],
    })
  })

  test('finds an engine at a TCP port', async () => {
    const { fake } = await startFakeEngine()
    const server = await listen((socket) => void socket.pipe(connect(fake.socketPath)).pipe(socket), 0)
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    expect(await probe([`tcp://127.0.0.1:${port}`])).toMatchObject({ available: true })
  })

  test.each([
    ['4.3.1', '2.40.3', ['compose-manager']],
    ['4.3.1', '2.26.1', []],
    ['5.8.6', '2.40.3', []],
  ])('on Podman %s with Compose %s, the absent ones of Compose projects are %j', async (version, compose, absent) => {
    const { fake } = await startFakeEngine()
    fake.server = `Libpod/${version} (linux)`
    fake.override('GET /info', (reply) => reply.json(200, { ServerVersion: version }))
    const composeProgram = join(await createDirectory(), 'docker-compose')
    await writeFile(composeProgram, `#!/bin/sh\necho ${compose}\n`, { mode: 0o755 })
    const candidate = parseEndpoint(`unix://${fake.socketPath}`, { source: 'candidate', tls: undefined })
    const search = { chosen: false, candidates: [candidate] }
    const result = await probeEngines(search, { ...given, composeProgram, timeoutMs: 10_000, env: {} })
    const ids = result.available ? result.absent.map(({ id }) => id) : undefined
    expect(ids?.filter((id) => id === 'compose-manager')).toEqual(absent)
  })

  test('recognizes Podman by its answer, and reports it with the version', async () => {
    const { fake } = await startFakeEngine()
    fake.server = 'Libpod/4.3.1 (linux)'
    fake.override('GET /info', (reply) => reply.json(200, { ServerVersion: '4.3.1' }))
    const result = await probe([`unix://${fake.socketPath}`])
    expect(result).toMatchObject({ version: 'Podman 4.3.1', details: { facts: { product: 'podman' } } })
  })

  test.each([
    ['Docker/19.03.15 (linux)', '19.03.15', 'Docker 19.03.15 is older than the tested versions 20.10 to 28.5'],
    ['Docker/29.0.1 (linux)', '29.0.1', 'Docker 29.0.1 is newer than the tested versions 20.10 to 28.5'],
    ['Libpod/4.2.0 (linux)', '4.2.0', 'Podman 4.2.0 is older than the tested versions 4.3 to 5.8'],
    ['Libpod/6.0.0 (linux)', '6.0.0', 'Podman 6.0.0 is newer than the tested versions 4.3 to 5.8'],
  ])('notes that the version of %s is not tested', async (server, ServerVersion, note) => {
    const { fake } = await startFakeEngine()
    fake.server = server
    fake.override('GET /info', (reply) => reply.json(200, { ServerVersion }))
    expect(await probe([`unix://${fake.socketPath}`])).toMatchObject({ notes: expect.arrayContaining([note]) })
  })

  test.each([
    ['Docker/20.10.5 (linux)', '20.10.5+dfsg1'],
    ['Docker/28.5.9 (linux)', '28.5.9'],
    ['Docker/dev (linux)', 'dev'],
    ['Libpod/5.8.9 (linux)', '5.8.9'],
  ])('has no such note for %s, a tested release or no number', async (server, ServerVersion) => {
    const { fake } = await startFakeEngine()
    fake.server = server
    fake.override('GET /info', (reply) => reply.json(200, { ServerVersion }))
    const result = await probe([`unix://${fake.socketPath}`])
    expect(result.available && result.notes.join()).not.toContain('tested')
  })

  test('recognizes the product by the components when a proxy removes the header', async () => {
    const { fake } = await startFakeEngine()
    fake.server = ''
    fake.override('GET /version', (reply) => reply.json(200, { Components: [{ Name: 'Podman Engine' }] }))
    expect(await probe([`unix://${fake.socketPath}`])).toMatchObject({ details: { facts: { product: 'podman' } } })
  })
})

describe('the deadline of a candidate', () => {
  const service = {
    url: 'own service',
    address: { type: 'service', start: () => new Promise<never>(() => {}) },
  } as const
  test.each([
    ['a socket', 'unix:///x', 10_000],
    ['a pipe', 'npipe:////./pipe/x', 10_000],
    ['tcp', 'tcp://127.0.0.1:1', 30_000],
    ['tcp on another machine', 'tcp://build.example:2376', 30_000],
    ['ssh', 'ssh://build.example', 30_000],
    ['a service that must be started', service, 30_000],
    ['a text that is not an endpoint', 'nonsense', 10_000],
  ])('of %s is %3$d ms by default', (_, place, timeoutMs) => {
    const candidate =
      typeof place === 'string' ? parseEndpoint(place, { source: 'x' }) : { source: 'x', endpoint: place }
    expect(toDefaultTimeoutMs({ candidate })).toBe(timeoutMs)
  })

  test('is not exceeded when an engine answers while the event loop is blocked for longer', async () => {
    const { fake } = await startFakeEngine()
    const probing = probe([`unix://${fake.socketPath}`], { timeoutMs: 300 })
    blockLoop(900)
    expect(await probing).toMatchObject({ available: true })
  })

  test.each(['discover', 'open', 'open after discover'])(
    'tolerates an event loop that is blocked for longer after %s',
    async (method) => {
      const { fake } = await startFakeEngine()
      const env = { DOCKER_HOST: `unix://${fake.socketPath}` }
      await using host = createRuntimeHost({ plugins: [dockerPlugin()], env, probeTimeoutMs: 300 })
      if (method === 'open after discover') await host.discover()
      const answer = method === 'discover' ? host.discover() : host.open().then(({ report }) => [report])
      blockLoop(1200)
      expect(await answer).toMatchObject([{ available: true }])
    },
  )
})

describe('a chosen engine that does not answer', () => {
  test.each([
    ['DOCKER_HOST', (url: string) => ({ plugin: dockerPlugin(), env: { DOCKER_HOST: url } })],
    ['option in code', (url: string) => ({ plugin: dockerPlugin({ endpoint: url }), env: {} })],
    ['option of a compatible plugin', (url: string) => ({ plugin: toCompatible(url), env: { MY_HOST: url } })],
  ])(
    'by %s is never replaced by another one, also when the event loop is blocked beyond every limit',
    async (_, toSetup) => {
      const path = join(await createDirectory(), 'busy')
      await listen(() => {}, path)
      const { plugin, env } = toSetup(`unix://${path}`)
      const second = { ...memoryLike, name: 'second' }
      await using host = createRuntimeHost({ plugins: [plugin, second], env, probeTimeoutMs: 30 })
      const opening = host.open()
      opening.catch(() => {})
      blockLoop(600)
      await expect(opening).rejects.toMatchObject({
        code: 'RUNTIME_UNAVAILABLE',
        message: expect.stringMatching(/^runtime "\w+" did not answer in time\n/),
      })
    },
  )
})

describe('probe of several candidates', () => {
  test('selects the first in order that answers, even if it is slower, and reports the failed ones before it', async () => {
    const [slow, quick] = [await startFakeEngine(), await startFakeEngine()]
    const asked = new Promise<void>((resolve) => {
      quick.fake.onRequest = ({ path }) => (path === '/info' ? resolve() : undefined)
    })
    slow.fake.onRequest = ({ path }) => (path === '/_ping' ? asked : undefined)
    const directory = await createDirectory()
    const urls = [join(directory, 'gone'), slow.fake.socketPath, quick.fake.socketPath].map((path) => `unix://${path}`)
    const result = await probe(urls)
    expect(result).toMatchObject({ available: true, endpoint: urls[1] })
    expect(attemptsOf(result)).toEqual([{ step: 'find', code: 'ENOENT', source: 'candidate 0' }])
  })

  test('tries two paths of one socket once', async () => {
    const { fake } = await startFakeEngine()
    const link = join(await createDirectory(), 'link.sock')
    await symlink(fake.socketPath, link)
    fake.override('GET /_ping', (reply) => reply.raw(500, 'broken'))
    expect(attemptsOf(await probe([`unix://${fake.socketPath}`, `unix://${link}`]))).toHaveLength(1)
  })
})

describe('probe of an unavailable endpoint', () => {
  test('gives an attempt of step "find" for a missing socket, and reports whether it was chosen', async () => {
    const path = join(await createDirectory(), 'docker.sock')
    const result = await probe([`unix://${path}`], { chosen: true })
    expect(result).toMatchObject({ available: false, chosen: true, attempts: [{ candidate: `unix://${path}` }] })
    expect(attemptsOf(result)).toEqual([{ step: 'find', code: 'ENOENT', source: 'candidate 0' }])
  })

  test('distinguishes a broken symbolic link from a missing socket', async () => {
    const link = join(await createDirectory(), 'docker.sock')
    await symlink('/nowhere/docker.sock', link)
    const { attempts } = await probe([`unix://${link}`])
    expect(attempts[0]).toMatchObject({ cause: { message: expect.stringContaining('target does not exist') } })
    expect(attempts[0]?.remedy).toContain('virtual machine')
  })

  test('gives an attempt of step "connect" for a file that is not a socket', async () => {
    const path = join(await createDirectory(), 'file')
    await writeFile(path, '')
    expect(attemptsOf(await probe([`unix://${path}`]))).toMatchObject([{ step: 'connect' }])
  })

  test('gives an attempt of step "connect" for a refused port', async () => {
    const server = await listen(() => {}, 0)
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    await new Promise((resolve) => server.close(resolve))
    expect(attemptsOf(await probe([`tcp://127.0.0.1:${port}`]))).toMatchObject([
      { step: 'connect', code: 'ECONNREFUSED' },
    ])
  })

  test('gives an attempt of step "ping" after one deadline for a silent socket, and tries others meanwhile', async () => {
    const directory = await createDirectory()
    const paths = ['one', 'two', 'three'].map((name) => join(directory, name))
    let open = 0
    let most = 0
    for (const path of paths) {
      await listen((socket) => {
        open += 1
        most = Math.max(most, open)
        socket.on('close', () => {
          open -= 1
        })
      }, path)
    }
    const result = await probe(
      paths.map((path) => `unix://${path}`),
      { timeoutMs: 200 },
    )
    expect(most).toBe(3)
    expect(attemptsOf(result)).toEqual(
      [0, 1, 2].map((index) => ({ step: 'ping', code: 'TIMED_OUT', source: `candidate ${index}` })),
    )
  })

  test('gives an attempt of step "version" for an engine that hangs after the ping', async () => {
    const { fake } = await startFakeEngine()
    fake.override('GET /info', () => {})
    expect(attemptsOf(await probe([`unix://${fake.socketPath}`], { timeoutMs: 200 }))).toMatchObject([
      { step: 'version', code: 'TIMED_OUT' },
    ])
  })

  test('gives an attempt for another protocol, for a web server and for an answer that is not JSON', async () => {
    const path = join(await createDirectory(), 'ssh')
    await listen((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'), path)
    expect(attemptsOf(await probe([`unix://${path}`]))).toMatchObject([{ step: 'ping' }])
    const { fake } = await startFakeEngine()
    fake.override('GET /_ping', (reply) => reply.raw(200, '<html>'))
    expect(attemptsOf(await probe([`unix://${fake.socketPath}`]))).toMatchObject([
      { step: 'ping', code: 'PROTOCOL_ERROR' },
    ])
    fake.restore()
    fake.override('GET /info', (reply) => reply.raw(200, 'not JSON'))
    expect(attemptsOf(await probe([`unix://${fake.socketPath}`]))).toMatchObject([
      { step: 'version', code: 'PROTOCOL_ERROR' },
    ])
  })

  test('reports a missing socket without waiting, whatever the limit', async () => {
    const path = join(await createDirectory(), 'docker.sock')
    const { attempts } = await probe([`unix://${path}`], { timeoutMs: 2 ** 30 })
    expect(attempts).toMatchObject([{ step: 'find', cause: { code: 'ENOENT' } }])
  })

  test.each([
    ['sends no answer', () => {}, 'ping'],
    ['sends half of its headers', (socket: Socket) => void socket.write('HTTP/1.1 200 OK\r\nApi-'), 'ping'],
  ])(
    'has the remedy to wait or to raise the limit for an engine that accepts and %s',
    async (_, onConnection, step) => {
      const path = join(await createDirectory(), 'busy')
      await listen(onConnection, path)
      const { attempts } = await probe([`unix://${path}`], { timeoutMs: 100 })
      const message = 'it accepted the connection and did not answer within 0.1 s'
      expect(attempts).toMatchObject([{ step, cause: { code: 'TIMED_OUT', message } }])
      expect(attempts[0]?.remedy).toMatch(/^wait and try again, or raise the limit: .*--probe-timeout/)
      expect(attempts[0]?.remedy).not.toMatch(/restart/)
    },
  )

  test('reports an engine whose backlog is full as busy', async () => {
    const path = join(await createDirectory(), 'full')
    const program = `const server = require('node:net').createServer()
      server.listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => {
        require('node:fs').writeSync(1, 'listening')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    for (let isFull = false; !isFull; ) {
      const socket = connect(path)
      onTestFinished(() => void socket.destroy())
      isFull = await once(socket, 'connect').then(
        () => false,
        () => true,
      )
    }
    const { attempts } = await probe([`unix://${path}`], { timeoutMs: 150 })
    const message = 'it did not accept the connection within 0.15 s'
    expect(attempts).toMatchObject([{ step: 'connect', cause: { code: 'TIMED_OUT', message } }])
  })

  test('the remedy for a host that drops packets is to check the network', async () => {
    const candidate = parseEndpoint('tcp://192.0.2.1:2375', { source: 'DOCKER_HOST' })
    const result = explainSlow({ timeoutMs: 30_000 }, { ...toEndpoint(candidate), step: 'connect' })
    expect(result).toMatchObject({ step: 'connect', cause: { message: expect.stringMatching(/host .* within 30 s/) } })
    expect(result.remedy).toMatch(/check the address, the network/)
  })

  test('has the remedy to wait for an engine that answers with a server error', async () => {
    const { fake } = await startFakeEngine()
    fake.override('GET /_ping', (reply) => reply.raw(503, 'starting'))
    expect((await probe([`unix://${fake.socketPath}`])).attempts).toMatchObject([
      { step: 'ping', cause: { code: 'HTTP_503' }, remedy: expect.stringContaining('may be starting: wait') },
    ])
  })

  test.each([
    ['default', 'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH'],
    ['DOCKER_HOST', 'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH'],
    ['context "far"', 'create the context with TLS files'],
    ['given in code', 'pass the option `tls`'],
  ])('for a port that requires TLS and the source %s, the remedy is to %s', async (source, remedy) => {
    const { fake } = await startFakeEngine()
    fake.override('GET /_ping', (reply) => reply.raw(400, 'Client sent an HTTP request to an HTTPS server.'))
    const candidates = [parseEndpoint(`unix://${fake.socketPath}`, { source })]
    const { attempts } = await probeEngines({ chosen: true, candidates }, { ...given, timeoutMs: 2_000, env: {} })
    expect(attempts[0]?.remedy).toBe(`the endpoint requires TLS: ${remedy}`)
  })

  test('gives an attempt of step "ping" with the remedy TLS for an engine by tcp that requires it', async () => {
    const text = 'Client sent an HTTP request to an HTTPS server.'
    const server = await listen((socket) => socket.end(`HTTP/1.0 400 Bad Request\r\n\r\n${text}\n`), 0)
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const { attempts } = await probe([`tcp://127.0.0.1:${port}`])
    expect(attempts).toMatchObject([
      { step: 'ping', cause: { code: 'HTTP_400', message: text }, remedy: expect.stringContaining('requires TLS') },
    ])
  })

  test('names both ranges for an engine with an unsupported API version', async () => {
    const { fake } = await startFakeEngine()
    fake.newestApi = '1.39'
    const [old] = (await probe([`unix://${fake.socketPath}`])).attempts
    expect(old).toMatchObject({
      step: 'version',
      cause: { code: 'API_VERSION', message: expect.stringMatching(/1\.39, Capstan 1\.41/) },
      remedy: 'update the engine to a version that supports API 1.41',
    })
    fake.newestApi = '1.60'
    fake.oldestApi = '1.55'
    const [young] = (await probe([`unix://${fake.socketPath}`])).attempts
    expect(young).toMatchObject({
      cause: { code: 'API_VERSION', message: expect.stringMatching(/1\.55 to 1\.60, Capstan/) },
      remedy: 'update this package, or use an engine that supports API 1.52',
    })
  })

  test.each(['ENOENT', 'ELOOP', 'EISDIR'])(
    'gives an attempt of step "tls" for a TLS file that cannot be read because of %s',
    async (code) => {
      const directory = await createDirectory()
      const caFile = join(directory, 'ca.pem')
      if (code === 'ELOOP') await symlink(caFile, caFile)
      if (code === 'EISDIR') await mkdir(caFile)
      const tls = { verify: true, caFile, certFile: undefined, keyFile: undefined }
      const candidates = [parseEndpoint('tcp://127.0.0.1:1', { source: 'DOCKER_HOST', tls })]
      const { attempts } = await probeEngines({ chosen: true, candidates }, { ...given, timeoutMs: 2_000, env: {} })
      const remedy = 'check that this user can read ca.pem, cert.pem and key.pem'
      expect(attempts).toMatchObject([{ step: 'tls', cause: { code }, remedy }])
      if (code !== 'EISDIR') expect(attempts[0]?.cause.message).toContain(caFile)
    },
  )

  test('rejects with the reason of an abort', async () => {
    const path = join(await createDirectory(), 'silent')
    const controller = new AbortController()
    const reason = new Error('enough')
    await listen(() => controller.abort(reason), path)
    await expect(probe([`unix://${path}`], { signal: controller.signal })).rejects.toBe(reason)
  })
})

const unnamed = { source: 'default', chosen: false } as const

test.each([
  [{ source: 'DOCKER_HOST', chosen: true }, 'start that engine, or unset DOCKER_HOST'],
  [{ source: 'context "far"', chosen: true }, 'start that engine, or unset DOCKER_CONTEXT'],
  [{ source: 'context "far"', chosen: true, variable: undefined }, 'start that engine, or name another endpoint'],
  [{ source: 'context "far"', chosen: false }, 'start that engine, or choose another context: docker context use NAME'],
  [{ source: 'given in code', chosen: true, variable: undefined }, 'start that engine, or name another endpoint'],
  [{ source: 'default', chosen: false }, 'start a container engine, or name its socket by DOCKER_HOST'],
])('for the endpoint %j, at which nothing listens, the remedy is to %s', async (named, expected) => {
  const endpoint = {
    url: 'tcp://127.0.0.1:1',
    address: { type: 'tcp', host: '127.0.0.1', port: 1, tls: undefined },
  } as const
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const failure = await explainProbeFailure(refused, { variable: 'DOCKER_HOST', ...named, endpoint, step: 'connect' })
  expect(failure).toMatchObject({ step: 'connect', remedy: expected })
})

test.each(['EACCES', 'EPERM'])(
  'for a pipe that may not be opened because of %s, the remedy is access',
  async (code) => {
    const path = '//./pipe/docker_engine'
    const endpoint = { url: `npipe://${path}`, address: { type: 'pipe', path } } as const
    // Only Windows has such pipes, so the error is created here.
    const denied = Object.assign(new Error(`connect ${code}`), { code })
    const failure = await explainProbeFailure(denied, { ...unnamed, endpoint, step: 'connect' })
    expect(failure).toMatchObject({ step: 'connect', cause: { code }, remedy: 'give this user access to the pipe' })
  },
)

describe('a socket that may not be opened', () => {
  test('gives an attempt with path, owner, group and mode, and a remedy without sudo', async () => {
    const path = join(await createDirectory(), 'docker.sock')
    await writeFile(path, '')
    await chmod(path, 0o660)
    if (process.getuid?.() === 0) await chown(path, 0, 4_242)
    const endpoint = { url: `unix://${path}`, address: { type: 'socket', path } } as const
    // Root is never denied access, so the error is created here.
    const denied = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
    const { step, cause, remedy } = await explainProbeFailure(denied, { ...unnamed, endpoint, step: 'connect' })
    expect(step).toBe('connect')
    expect(cause.message).toMatch(/docker\.sock may not be opened by this user: owner \S+, group \S+, mode 0660/)
    expect(remedy).toMatch(/add this user to group .* rootless/)
    expect(remedy).not.toContain('sudo')
  })

  test('is distinguished from a missing socket when its directory may not be accessed', async () => {
    const directory = join(await createDirectory(), 'closed')
    await mkdir(directory)
    const path = join(directory, 'docker.sock')
    const endpoint = { url: `unix://${path}`, address: { type: 'socket', path } } as const
    const denied = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
    const { cause } = await explainProbeFailure(denied, { ...unnamed, endpoint, step: 'connect' })
    expect(cause.message).toContain('is in a directory that this user may not access')
  })
})
