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
import { createCollector } from '../support/create-collector.js'
import { readExec } from '../support/read-exec.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const start = (scope: RuntimeScope) => scope.resolve(BuildKitFeature).start({ graceMs: 1 })
const request = (run: string, rest: Partial<BuildRequest> = {}): BuildRequest => ({
  context: { files: { Dockerfile: `FROM scratch\nRUN ${run}\n` } },
  output: { type: 'cache-only' },
  ...rest,
})
/** The execs of a start: the lease, and the connection to BuildKit. */
const execsOfStart = 2
const hasEnded = async (scope: RuntimeScope, { containerId }: BuildKitSidecar) =>
  (await readExec(scope, containerId, ['cat', '/tmp/build-over'])) === 'yes'

function createGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((given) => {
    resolve = given
  })
  return { promise, resolve: () => resolve() }
}

/** Returns an archive of an image in docker's format. */
async function readArchive(): Promise<Buffer> {
  await using host = createRuntimeHost({ plugins: [memoryPlugin()], env: {} })
  const scope = await host.open({ runtime: 'memory' })
  const { images } = requireCapabilities(scope, { images: imageTransferCapability })
  const chunks: Buffer[] = []
  for await (const chunk of await images.saveImage('busybox:latest')) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('the output of a build', () => {
  it('is loaded into the runtime', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { archive: await readArchive() } })
    await using sidecar = await start(scope)
    await scope.runtime.removeImage('busybox:latest')
    await sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } })).result
    expect(await scope.runtime.imageExists('busybox:latest')).toBe(true)
  })

  it("has the runtime's id of the loaded image, which need not be the digest of its configuration", async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { archive: await readArchive() } })
    await using sidecar = await start(scope)
    await scope.runtime.removeImage('busybox:latest')
    const { result } = sidecar.build(request('true', { output: { type: 'load', tags: ['docker.io/library/busybox'] } }))
    const { imageId, metadata } = await result
    const images = await scope.runtime.listImages()
    expect(imageId).toBe(images.find(({ tags }) => tags.includes('busybox:latest'))?.id)
    expect(imageId).not.toBe(metadata['containerimage.config.digest'])
  })

  it('has the digest of the configuration as image id when the runtime lists no image with the tag', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { archive: await readArchive() } })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))
    expect(await result).toMatchObject({
      imageId: 'sha256:90b23b06e8ecbe5f2cc984293328d3599c693c228ccce38a00fa37491e76f4b8',
    })
  })

  it('fails and stops the build when the runtime rejects it', async () => {
    await using scope = await openWithSimulatedBuildKit({ faults: [{ operation: 'loadImages' }] })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('write-on', { output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toMatchObject({
      facts: { operation: 'loadImages', reason: 'a fault that the option `faults` injects' },
    })
    expect(await hasEnded(scope, sidecar)).toBe(true)
  })

  it('is written to a stream, which is ended', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { to, read } = createCollector()
    await sidecar.build(request('true', { output: { type: 'archive', format: 'oci', to } })).result
    expect(read()).toBe('the archive')
    expect(to.writableFinished).toBe(true)
  })

  it('destroys the stream, and does not end it, when the build fails', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { to } = createCollector()
    const { result } = sidecar.build(request('exit 9', { output: { type: 'archive', format: 'oci', to } }))
    await expect(result).rejects.toMatchObject({ code: 'BUILD_FAILED' })
    expect(to).toMatchObject({ writableEnded: false, destroyed: true })
  })

  it('fails and stops the build when the stream fails', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const full = new Error('the disk is full')
    const to = new Writable({ write: (_chunk, _encoding, done) => done(full) })
    const { result } = sidecar.build(request('write-on', { output: { type: 'archive', format: 'oci', to } }))
    await expect(result).rejects.toBe(full)
    expect(await hasEnded(scope, sidecar)).toBe(true)
  })

  it('rejects "load" with the missing capability on a runtime without image transfer', async () => {
    await using scope = await openWithSimulatedBuildKit({ without: [imageTransferCapability] })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))
    await expect(result).rejects.toThrow('output "load" needs image transfer, which runtime "memory" does not provide')
  })
})

describe('the context of a build', () => {
  it.each([
    { dockerfile: './Dockerfile', sent: ['needed'], ignored: 'big' },
    { dockerfileText: 'FROM scratch\n', sent: ['big'], ignored: 'needed' },
  ])(
    'uses the ignore file of its Dockerfile if that is in the context: $dockerfile',
    async ({ sent, ignored, ...choice }) => {
      await using scope = await openWithSimulatedBuildKit()
      await using sidecar = await start(scope)
      const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
      const files = {
        Dockerfile: 'FROM scratch\n',
        '.dockerignore': 'needed',
        'Dockerfile.dockerignore': 'big',
        needed: 'the content of one',
        big: 'the content of another',
      }
      const execSpy = vi.spyOn(execs, 'exec')
      await sidecar.build(request('true', { context: { files }, ...choice })).result
      const [path = ''] = execSpy.mock.calls.flatMap(([, command]) =>
        command.filter((word) => word.endsWith('/context')),
      )
      const tar = await readExec(scope, sidecar.containerId, ['cat', `${path}.tar`])
      for (const name of sent) expect(tar).toContain(files[name as keyof typeof files])
      expect(tar).not.toContain(files[ignored as keyof typeof files])
    },
  )
})

describe('the transfers of a build', () => {
  it('emit the bytes of the context with the total, and the end', async () => {
    const { promise: mayReceive, resolve: receive } = createGate()
    await using scope = await openWithSimulatedBuildKit({ buildkit: { receivesAfter: mayReceive } })
    await using sidecar = await start(scope)
    const files = { Dockerfile: 'FROM scratch\n', large: 'x'.repeat(3_000_000) }
    const events: unknown[] = []
    for await (const event of sidecar.build(request('true', { context: { files } }))) {
      if (event.type !== 'transfer') continue
      events.push(event)
      receive()
    }
    const totalBytes = 3_002_880 // a block for each header, content in whole blocks, two blocks at the end
    expect(events[0]).toMatchObject({ id: 'context', currentBytes: expect.any(Number), totalBytes, isDone: false })
    expect(events.at(-1)).toMatchObject({ id: 'context', currentBytes: totalBytes, totalBytes, isDone: true })
  })

  it('emit the bytes of the result until the runtime has loaded it', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { archive: await readArchive() } })
    await using sidecar = await start(scope)
    const { images } = requireCapabilities(scope, { images: imageTransferCapability })
    const { promise: mayLoad, resolve: load } = createGate()
    const loadImages = images.loadImages.bind(images)
    vi.spyOn(images, 'loadImages').mockImplementation((tar, options) => {
      const delayed = async function* () {
        for await (const chunk of tar) {
          yield chunk
          await mayLoad
        }
      }
      return loadImages(delayed(), options)
    })
    const events: unknown[] = []
    for await (const event of sidecar.build(request('true', { output: { type: 'load', tags: ['app:1'] } }))) {
      if (event.type !== 'transfer') continue
      events.push(event)
      load()
    }
    expect(events[0]).toMatchObject({ id: 'result', totalBytes: undefined, isDone: false })
    expect(events.at(-1)).toMatchObject({ id: 'result', currentBytes: (await readArchive()).length, isDone: true })
  })
})

describe('a failing build', () => {
  it('is stopped in the sidecar when it is aborted', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const controller = new AbortController()
    const build = sidecar.build(request('hang'), { signal: controller.signal })
    for await (const _ of build) controller.abort('enough')
    await expect(build.result).rejects.toBe('enough')
    expect(await hasEnded(scope, sidecar)).toBe(true)
  })

  it('rejects with CONNECTION_LOST when the daemon ends', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('stop-the-daemon')).result).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  it('rejects with CONNECTION_LOST, and is stopped in the sidecar, when its directory is removed', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('remove-its-directory'))
    await expect(result).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(await hasEnded(scope, sidecar)).toBe(true)
  })

  it.each(['true', 'exit 9'])('removes its directory in the sidecar after RUN %s', async (run) => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    await sidecar.build(request(run)).result.catch(() => {})
    const { argv } = JSON.parse(await readExec(scope, sidecar.containerId, ['cat', '/tmp/last-build']))
    const [, directory] = /--local=context=(\S+)\/context/.exec(argv.join(' ')) ?? []
    expect(await readExec(scope, sidecar.containerId, ['cat', `${directory}/pid`])).toBe('removed')
  })

  it('rejects with NOT_RUNNING when its sidecar is disposed', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const sidecar = await start(scope)
    const build = sidecar.build(request('hang'))
    for await (const _ of build) void sidecar[Symbol.asyncDispose]()
    await expect(build.result).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('rejects with the message of tar when the disk is full', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { isDiskFull: true } })
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { subject: 'the context', reason: expect.stringContaining('No space left on device') },
    })
  })

  it.each([1, 2, 3, 4])('rejects with the error of its exec number %i', async (number) => {
    const faults = [
      { operation: 'exec', times: execsOfStart + number - 1, delayMs: 0 },
      { operation: 'exec', times: 1 },
    ]
    await using scope = await openWithSimulatedBuildKit({ faults })
    await using sidecar = await start(scope)
    await expect(sidecar.build(request('true')).result).rejects.toMatchObject({
      facts: { reason: 'a fault that the option `faults` injects' },
    })
  })

  it.each([1, 2, 3, 4])('rejects with the reason when it is aborted while its exec number %i hangs', async (number) => {
    const faults = [
      { operation: 'exec', times: execsOfStart + number - 1, delayMs: 0 },
      { operation: 'exec', hang: true },
    ]
    await using scope = await openWithSimulatedBuildKit({ faults })
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('true'), { signal: AbortSignal.timeout(30) })
    await expect(result).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('succeeds when every exec is slow', async () => {
    await using scope = await openWithSimulatedBuildKit({ faults: [{ operation: 'exec', times: 10, delayMs: 10 }] })
    await using sidecar = await start(scope)
    expect(await sidecar.build(request('true')).result).toMatchObject({ builder: 'buildkit' })
  })

  it('redacts secrets that a step prints, in events and in the error', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const build = sidecar.build(request('print-secret', { secrets: { tok: 'hunter22\n' } }))
    let shown = ''
    for await (const event of build) if (event.type === 'log') shown += Buffer.from(event.bytes).toString()
    expect(shown).toBe('it is ***\n.')
    const error = await build.result.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { lastLines: ['error: failed to solve: ***'] } })
  })

  it('redacts each line of a secret with several lines', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { result } = sidecar.build(request('print-secret', { secrets: { tok: 'the first one\nthe second one\n' } }))
    const error = await result.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { lastLines: ['error: failed to solve: ***', '***'] } })
  })

  it('puts no secret into the command line or into a request to the runtime', async () => {
    await using scope = await openWithSimulatedBuildKit()
    await using sidecar = await start(scope)
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const execSpy = vi.spyOn(execs, 'exec')
    const long = 'hunter22'.repeat(10_000)
    await sidecar.build(request('true', { secrets: { tok: 'hunter22', file: Buffer.from([0, 255]), long } })).result
    expect(JSON.stringify(execSpy.mock.calls)).toContain('CAPSTAN_SECRET_0')
    expect(JSON.stringify(execSpy.mock.calls)).not.toContain('hunter22')
    const { argv, env } = JSON.parse(await readExec(scope, sidecar.containerId, ['cat', '/tmp/last-build']))
    expect(env.CAPSTAN_SECRET_0).toBe('hunter22')
    expect(argv.join(' ')).toMatch(/id=long,type=file,src=\/tmp\/capstan-build-[\w-]+\/private\/secret-2/)
    expect(argv.join(' ')).toContain('id=tok,type=env,env=CAPSTAN_SECRET_0')
    expect(argv.join(' ')).toMatch(/id=file,type=file,src=\/tmp\/capstan-build-[\w-]+\/private\/secret-1/)
    expect(argv.join(' ')).not.toContain('hunter22')
  })
})
