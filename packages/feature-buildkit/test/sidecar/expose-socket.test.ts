import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { BuildKitClient } from '@capstan/buildkit-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BuildKitFeature } from '../../src/index.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

async function start() {
  const scope = await openWithSimulatedBuildKit()
  onTestFinished(() => scope[Symbol.asyncDispose]())
  return scope.resolve(BuildKitFeature).start({ graceMs: 1 })
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

const toPath = (address: string) => address.replace('unix://', '')
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

describe('exposeSocket', () => {
  it('creates a socket that only this user can use, and removes it with the sidecar', async () => {
    const sidecar = await start()
    const path = toPath(await sidecar.exposeSocket())
    expect(await mode(path)).toBe('600')
    expect(await mode(dirname(path))).toBe('700')
    await sidecar[Symbol.asyncDispose]()
    expect(existsSync(dirname(path))).toBe(false)
  })

  it("creates the socket in the temporary directory of the host's environment", async () => {
    const TMPDIR = await createFolder()
    await using scope = await openWithSimulatedBuildKit({ env: { TMPDIR } })
    await using sidecar = await scope.resolve(BuildKitFeature).start({ graceMs: 1 })
    expect(dirname(dirname(toPath(await sidecar.exposeSocket())))).toBe(TMPDIR)
  })

  it('rejects with OPERATION_FAILED when the temporary directory does not exist', async () => {
    const TMPDIR = join(await createFolder(), 'missing')
    await using scope = await openWithSimulatedBuildKit({ env: { TMPDIR } })
    await using sidecar = await scope.resolve(BuildKitFeature).start({ graceMs: 1 })
    await expect(sidecar.exposeSocket()).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { subject: TMPDIR } })
  })

  it('connects several clients at once to BuildKit', async () => {
    await using sidecar = await start()
    const path = toPath(await sidecar.exposeSocket())
    const clients = [1, 2].map(() => new BuildKitClient(connect(path), { endpoint: path }))
    for (const client of clients) expect(await client.workers()).toMatchObject([{ version: 'v0.32.2' }])
    expect(await clients[0]?.workers()).toEqual(await sidecar.workers())
    for (const client of clients) client.close()
  })

  it('creates the socket at a given path, and keeps its folder', async () => {
    const folder = await createFolder()
    const path = join(folder, 'b.sock')
    const sidecar = await start()
    expect(await sidecar.exposeSocket(path)).toBe(`unix://${path}`)
    await sidecar[Symbol.asyncDispose]()
    expect(existsSync(path)).toBe(false)
    expect(existsSync(folder)).toBe(true)
  })

  it('ends the connections when the sidecar is disposed', async () => {
    const sidecar = await start()
    const peer = connect(toPath(await sidecar.exposeSocket()))
    const closed = new Promise((resolve) => peer.on('error', () => {}).once('close', resolve))
    await new Promise((resolve) => peer.once('connect', resolve))
    await sidecar[Symbol.asyncDispose]()
    await closed
  })

  it('rejects with OPERATION_FAILED when the path exists or cannot be used', async () => {
    await using sidecar = await start()
    const folder = await createFolder()
    await writeFile(join(folder, 'taken'), '')
    const code = 'OPERATION_FAILED'
    const taken = { code, facts: { subject: join(folder, 'taken'), reason: expect.stringContaining('EADDRINUSE') } }
    await expect(sidecar.exposeSocket(join(folder, 'taken'))).rejects.toMatchObject(taken)
    expect(existsSync(join(folder, 'taken'))).toBe(true)
    await expect(sidecar.exposeSocket(join(folder, 'no', 'b.sock'))).rejects.toMatchObject({ code })
    await expect(sidecar.exposeSocket(join(folder, 'x'.repeat(200)))).rejects.toMatchObject({ code })
  })

  it.each(['', '8080', 'b.sock', '/a\0b'])('rejects the path %j with INVALID_ARGUMENT', async (path) => {
    await using sidecar = await start()
    const error = { code: 'INVALID_ARGUMENT', facts: { field: 'path' } }
    await expect(sidecar.exposeSocket(path)).rejects.toMatchObject(error)
  })

  it('rejects with NOT_RUNNING after the sidecar was disposed', async () => {
    const sidecar = await start()
    await sidecar[Symbol.asyncDispose]()
    await expect(sidecar.exposeSocket()).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })
})
