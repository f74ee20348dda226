import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { probeEngines } from '../../src/docker-probe.js'
import type { findTls } from '../../src/endpoint/endpoint-tls.js'
import { parseEndpoint } from '../../src/endpoint/parse-endpoint.js'
import { HttpEngine } from '../../src/engine/http-engine.js'
import { dockerProduct } from '../../src/supported-products.js'
import { linux } from '../endpoint/systems.js'
import { startFakeEngine } from '../fake/fake-docker-engine.js'

const openssl = 'openssl'
const hasOpenssl = (() => {
  try {
    execFileSync(openssl, ['version'])
    return true
  } catch {
    console.warn('Tests of TLS are skipped: there is no openssl to make certificates with')
    return false
  }
})()

describe.skipIf(!hasOpenssl)('an engine behind TLS', () => {
  let directory = ''

  /** A self-signed certificate for 127.0.0.1, used by the server and the client. */
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'capstan-tls-'))
    for (const name of ['engine', 'stranger']) {
      const files = ['-keyout', join(directory, `${name}-key.pem`), '-out', join(directory, `${name}.pem`)]
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
      execFileSync(openssl, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject], {
        stdio: 'ignore',
      })
    }
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  /** Requires a client certificate, as dockerd does with --tlsverify. */
  async function startTls() {
    const started = await startFakeEngine()
    const [cert, key] = await Promise.all(
      ['engine.pem', 'engine-key.pem'].map((name) => readFile(join(directory, name))),
    )
    const server = createServer({ cert, key, ca: cert, requestCert: true, allowHalfOpen: true }, (socket) => {
      const inner = connect({ path: started.fake.socketPath, allowHalfOpen: true })
      socket.on('error', () => {})
      inner.on('error', () => {})
      socket.pipe(inner).pipe(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { ...started, url }
  }

  const toTls = (ca: string) => ({
    verify: true,
    caFile: join(directory, ca),
    certFile: join(directory, 'engine.pem'),
    keyFile: join(directory, 'engine-key.pem'),
  })

  async function probe(url: string, tls: Awaited<ReturnType<typeof findTls>> | undefined) {
    const candidates = [parseEndpoint(url, { source: 'DOCKER_HOST', tls })]
    const given = { accepts: [dockerProduct], system: linux, timeoutMs: 5_000, env: {} }
    return probeEngines({ chosen: true, candidates }, given)
  }

  test('is available with the right certificates, and supports half-close', async () => {
    const { url, fake, engine } = await startTls()
    const result = await probe(url, toTls('engine.pem'))
    expect(result).toMatchObject({ available: true, endpoint: url })
    if (!result.available) return
    const secure = new HttpEngine({
      runtimeName: 'docker',
      ownerLabels: {},
      env: {},
      warn: engine.warn,
      details: result.details,
    })
    onTestFinished(() => secure.close())
    const call = { operation: 'op', subject: 'x' } as const
    expect(await (await secure.api(call)).listContainers()).toEqual([])
    fake.override('POST /x', (reply) => {
      const socket = reply.upgrade()
      let length = 0
      socket.on('data', (chunk: Buffer) => {
        length += chunk.length
      })
      socket.on('end', () => socket.end(`read ${length}`))
    })
    const { socket, head } = await secure.upgrade({ ...call, method: 'POST', path: '/x' })
    socket.end(Buffer.alloc(100_000))
    const chunks = [head]
    for await (const chunk of socket) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('read 100000')
  })

  test('gives an attempt of step "tls" for the wrong authority', async () => {
    const { url } = await startTls()
    const { attempts } = await probe(url, toTls('stranger.pem'))
    const message = `the certificate of 127.0.0.1 is not signed by the authority in ${join(directory, 'stranger.pem')}`
    expect(attempts).toMatchObject([{ step: 'tls', cause: { message }, remedy: expect.stringContaining('ca.pem') }])
  })

  test('gives an attempt of step "tls" that names the directory without a client certificate', async () => {
    const { url } = await startTls()
    const tls = { ...toTls('engine.pem'), directory, certFile: undefined, keyFile: undefined }
    const { attempts } = await probe(url, tls)
    const message = `127.0.0.1 requires a certificate of the client, and ${directory} has no cert.pem and key.pem`
    expect(attempts).toMatchObject([{ step: 'tls', cause: { message } }])
  })

  test('gives an attempt of step "tls" for a client certificate of another authority', async () => {
    const { url } = await startTls()
    const tls = {
      ...toTls('engine.pem'),
      certFile: join(directory, 'stranger.pem'),
      keyFile: join(directory, 'stranger-key.pem'),
    }
    const { attempts } = await probe(url, tls)
    expect(attempts).toMatchObject([{ step: 'tls', remedy: expect.stringContaining(`has signed ${tls.certFile}`) }])
  })

  test('uses certificates that are renewed while it is open', async () => {
    const { url, engine } = await startTls()
    const files = join(directory, 'renewed')
    await cp(join(directory, 'engine.pem'), `${files}.pem`)
    await cp(join(directory, 'engine-key.pem'), `${files}-key.pem`)
    const result = await probe(url, { ...toTls('engine.pem'), certFile: `${files}.pem`, keyFile: `${files}-key.pem` })
    if (!result.available) throw new Error('the engine is not available')
    const { warn } = engine
    const secure = new HttpEngine({ runtimeName: 'docker', ownerLabels: {}, env: {}, warn, details: result.details })
    onTestFinished(() => secure.close())
    const list = async () => (await secure.api({ operation: 'op', subject: 'x' })).listContainers()
    await cp(join(directory, 'stranger.pem'), `${files}.pem`)
    await cp(join(directory, 'stranger-key.pem'), `${files}-key.pem`)
    await expect(list()).rejects.toMatchObject({ code: expect.stringMatching(/CONNECTION_LOST|OPERATION_FAILED/) })
    await cp(join(directory, 'engine.pem'), `${files}.pem`)
    await cp(join(directory, 'engine-key.pem'), `${files}-key.pem`)
    await expect.poll(() => list().catch(() => undefined), { timeout: 5000 }).toEqual([])
  })

  test('gives a failed attempt of step "ping" for a request without TLS', async () => {
    const { url } = await startTls()
    const { available, attempts } = await probe(url, undefined)
    expect(available).toBe(false)
    expect(attempts[0]?.step).toBe('ping')
  })
})
