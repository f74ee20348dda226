import { Writable } from 'node:stream'
import {
  createRuntimeHost,
  execManagerCapability,
  imageTransferCapability,
  type RuntimeScope,
  requireCapabilities,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it, vi } from 'vitest'
import { BuildKitFeature, type BuildKitSidecar, type BuildRequest } from '../../src/index.js'
import { createCollector } from '../support/collect.js'
import { readExec } from '../support/exec-text.js'
import { openWithStandIn } from '../support/stand-in.js'

const start = (scope: RuntimeScope) => scope.resolve(BuildKitFeature).start({ graceMs: 1 })
const request = (run: string, rest: Partial<BuildRequest> = {}): BuildRequest => ({
  context: { files: { Dockerfile: `FROM scratch\nRUN ${run}\n` } },
  output: { type: 'cache-only' },
  ...rest,
})
/** The lease, and the question that proves readiness. */
const execsOfStart = 2
const isOver = async (scope: RuntimeScope, { containerId }: BuildKitSidecar) =>
  (await readExec(scope, containerId, ['cat', '/tmp/build-over'])) === 'yes'

function createGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((given) => {
    resolve = given
  })
  return { promise, resolve: () => resolve() }
}

/** An archive of an image, as docker writes one. */
async function readArchive(): Promise<Buffer> {
  await using host = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
  const scope = await host.open({ runtime: 'memory' })
  const { images } = requireCapabilities(scope, { images: imageTransferCapability })
  const chunks: Buffer[] = []
  for await (const chunk of await images.saveImage('busybox:latest')) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('the output of a build', () => {
  it('is loaded into the images of the runtime', async () => {
    await using scope = await openWithStandIn({ standIn: { archive: await readArchive() } })
    await using sidecar = await start(scope)
    await scope.runtime.removeImage('busybox:latest')
    await sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } })).result
    expect(await scope.runtime.imageExists('busybox:latest')).toBe(true)
  })

  it('that the runtime does not take fails the build with its error, and stops it', async () => {
    await using scope = await openWithStandIn({ faults: [{ operation: 'loadImages' }] })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('write-on', { output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toMatchObject({ facts: { operation: 'loadImages', reason: 'a scripted fault' } })
    expect(await isOver(scope, sidecar)).toBe(true)
  })

  it('goes to a stream that ends with it', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { to, read } = createCollector()
    await sidecar.build(request('true', { output: { type: 'archive', format: 'oci', to } })).result
    expect(read()).toBe('the archive')
    expect(to.writableFinished).toBe(true)
  })

  it('breaks off, and does not end, when the build fails', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { to } = createCollector()
    const { result } = sidecar.build(request('exit 9', { output: { type: 'archive', format: 'oci', to } }))
    await expect(result).rejects.toMatchObject({ code: 'BUILD_FAILED' })
    expect(to).toMatchObject({ writableEnded: false, destroyed: true })
  })

  it('to a stream that fails ends the build with its error', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const full = new Error('the disk is full')
    const to = new Writable({ write: (_chunk, _encoding, done) => done(full) })
    const { result } = sidecar.build(request('write-on', { output: { type: 'archive', format: 'oci', to } }))
    await expect(result).rejects.toBe(full)
    expect(await isOver(scope, sidecar)).toBe(true)
  })

  it('"load" needs image transfer, and says so', async () => {
    await using scope = await openWithStandIn({ without: [imageTransferCapability] })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toThrow('output "load" needs image transfer, which runtime "memory" does not provide')
  })
})

describe('the context of a build', () => {
  it.each([
    { dockerfile: './Dockerfile', sent: ['needed'], left: 'big' },
    { dockerfileText: 'FROM scratch\n', sent: ['big'], left: 'needed' },
  ])('goes by the rules beside its Dockerfile, if that is in it: $dockerfile', async ({ sent, left, ...choice }) => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const files = {
      Dockerfile: 'FROM scratch\n',
      '.dockerignore': 'needed',
      'Dockerfile.dockerignore': 'big',
      needed: 'the content of one',
      big: 'the content of another',
    }
    const asked = vi.spyOn(execs, 'exec')
    await sidecar.build(request('true', { context: { files }, ...choice })).result
    const [place = ''] = asked.mock.calls.flatMap(([, command]) => command.filter((word) => word.endsWith('/context')))
    const tar = await readExec(scope, sidecar.containerId, ['cat', `${place}.tar`])
    for (const name of sent) expect(tar).toContain(files[name as keyof typeof files])
    expect(tar).not.toContain(files[left as keyof typeof files])
  })
})

describe('the bytes of a build', () => {
  it('are told while the context is sent, with their total, and at the end', async () => {
    const { promise: mayReceive, resolve: receive } = createGate()
    await using scope = await openWithStandIn({ standIn: { mayReceive } })
    await using sidecar = await start(scope)
    const files = { Dockerfile: 'FROM scratch\n', large: 'x'.repeat(3_000_000) }
    const told: unknown[] = []
    for await (const event of sidecar.build(request('true', { context: { files } }))) {
      if (event.type !== 'transfer') continue
      told.push(event)
      receive()
    }
    const totalBytes = 3_002_880 // a block for each header, content in whole blocks, two blocks at the end
    expect(told[0]).toMatchObject({ id: 'context', currentBytes: expect.any(Number), totalBytes, isDone: false })
    expect(told.at(-1)).toMatchObject({ id: 'context', currentBytes: totalBytes, totalBytes, isDone: true })
  })

  it('are told while the result goes into the runtime, until the runtime has taken it', async () => {
    await using scope = await openWithStandIn({ standIn: { archive: await readArchive() } })
    await using sidecar = await start(scope)
    const { images } = requireCapabilities(scope, { images: imageTransferCapability })
    const { promise: mayLoad, resolve: load } = createGate()
    const loadImages = images.loadImages.bind(images)
    vi.spyOn(images, 'loadImages').mockImplementation((tar, options) => {
      const slowly = async function* () {
        for await (const chunk of tar) {
          yield chunk
          await mayLoad
        }
      }
      return loadImages(slowly(), options)
    })
    const told: unknown[] = []
    for await (const event of sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))) {
      if (event.type !== 'transfer') continue
      told.push(event)
      load()
    }
    expect(told[0]).toMatchObject({ id: 'result', totalBytes: undefined, isDone: false })
    expect(told.at(-1)).toMatchObject({ id: 'result', currentBytes: (await readArchive()).length, isDone: true })
  })
})

describe('a build that does not go well', () => {
  it('is stopped in the sidecar when it is aborted', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const controller = new AbortController()
    const build = sidecar.build(request('hang'), { signal: controller.signal })
    for await (const _ of build) controller.abort('enough')
    await expect(build.result).rejects.toBe('enough')
    expect(await isOver(scope, sidecar)).toBe(true)
  })

  it('is CONNECTION_LOST when the daemon ends under it', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('stop-the-daemon')).result).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  it('is CONNECTION_LOST when the sidecar removes its directory under it, and is stopped there', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('lose-its-directory'))
    await expect(result).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(await isOver(scope, sidecar)).toBe(true)
  })

  it.each(['true', 'exit 9'])('has removed its directory in the sidecar when it ends after RUN %s', async (run) => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    await sidecar.build(request(run)).result.catch(() => {})
    const { argv } = JSON.parse(await readExec(scope, sidecar.containerId, ['cat', '/tmp/last-build']))
    const [, directory] = /--local=context=(\S+)\/context/.exec(argv.join(' ')) ?? []
    expect(await readExec(scope, sidecar.containerId, ['cat', `${directory}/holder`])).toBe('removed')
  })

  it('is NOT_RUNNING when its sidecar is disposed of', async () => {
    await using scope = await openWithStandIn()
    const sidecar = await start(scope)
    const build = sidecar.build(request('hang'))
    for await (const _ of build) void sidecar[Symbol.asyncDispose]()
    await expect(build.result).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('says so when the disk is full', async () => {
    await using scope = await openWithStandIn({ standIn: { fullDisk: true } })
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { subject: 'the context', reason: expect.stringContaining('No space left on device') },
    })
  })

  it.each([1, 2, 3, 4])('fails with the error of its exec number %i', async (number) => {
    const faults = [
      { operation: 'exec', times: execsOfStart + number - 1, delayMs: 0 },
      { operation: 'exec', times: 1 },
    ]
    await using scope = await openWithStandIn({ faults })
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({ facts: { reason: 'a scripted fault' } })
  })

  it.each([1, 2, 3, 4])('rejects with the reason of an abort while its exec number %i hangs', async (number) => {
    const faults = [
      { operation: 'exec', times: execsOfStart + number - 1, delayMs: 0 },
      { operation: 'exec', hang: true },
    ]
    await using scope = await openWithStandIn({ faults })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true'), { signal: AbortSignal.timeout(30) })
    await expect(result).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('takes its time where every exec is slow', async () => {
    await using scope = await openWithStandIn({ faults: [{ operation: 'exec', times: 10, delayMs: 10 }] })
    await using sidecar = await start(scope)
    expect(await sidecar.build(request('true')).result).toMatchObject({ builder: 'buildkit' })
  })

  it('shows no secret that a step prints, in an event or an error', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const build = sidecar.build(request('print-secret', { secrets: { tok: 'hunter22\n' } }))
    let shown = ''
    for await (const event of build) if (event.type === 'log') shown += Buffer.from(event.bytes).toString()
    expect(shown).toBe('it is ***\n.')
    const error = await build.result.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { lastLines: ['error: failed to solve: ***'] } })
  })

  it('shows no line of a secret that has several', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('print-secret', { secrets: { tok: 'the first one\nthe second one\n' } }))
    const error = await result.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { lastLines: ['error: failed to solve: ***', '***'] } })
  })

  it('has no secret in its command line, nor in what the runtime is asked to run', async () => {
    await using scope = await openWithStandIn()
    await using sidecar = await start(scope)
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const asked = vi.spyOn(execs, 'exec')
    const long = 'hunter22'.repeat(10_000)
    await sidecar.build(request('true', { secrets: { tok: 'hunter22', file: Buffer.from([0, 255]), long } })).result
    expect(JSON.stringify(asked.mock.calls)).toContain('CAPSTAN_SECRET_0')
    expect(JSON.stringify(asked.mock.calls)).not.toContain('hunter22')
    const { argv, env } = JSON.parse(await readExec(scope, sidecar.containerId, ['cat', '/tmp/last-build']))
    expect(env.CAPSTAN_SECRET_0).toBe('hunter22')
    expect(argv.join(' ')).toMatch(/id=long,type=file,src=\/tmp\/capstan-build-[\w-]+\/private\/secret-2/)
    expect(argv.join(' ')).toContain('id=tok,type=env,env=CAPSTAN_SECRET_0')
    expect(argv.join(' ')).toMatch(/id=file,type=file,src=\/tmp\/capstan-build-[\w-]+\/private\/secret-1/)
    expect(argv.join(' ')).not.toContain('hunter22')
  })
})
