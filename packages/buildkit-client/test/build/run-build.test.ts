import { EventEmitter, once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import type { BuildService, OperationOptions } from '@capstan/core'
import { createHostError, delay, findUndoFailures } from '@capstan/core/plugin'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type RunBuildOptions, runBuild } from '../../src/build/run-build.js'
import { BuildKitClient } from '../../src/control/buildkit-client.js'
import type { BuildProgressEvent, BuildRequest } from '../../src/request.js'
import { FakeDaemon, type FakeDaemonOptions } from '../support/fake-daemon.js'
import { createStreamPair } from '../support/stream-pair.js'

/** A daemon and a client of it, and the events of the builds. */
function startDaemon(options: FakeDaemonOptions = {}) {
  const daemon = new FakeDaemon(options)
  const [ours, theirs] = createStreamPair()
  daemon.serve(theirs)
  const client = new BuildKitClient(ours, { endpoint: 'the fake' })
  onTestFinished(() => {
    client.close()
    daemon.close()
  })
  const events: BuildProgressEvent[] = []
  const onEvents = (more: readonly BuildProgressEvent[]) => void events.push(...more)
  const build = (request: BuildRequest, own: Partial<RunBuildOptions> = {}) =>
    runBuild(client, request, { kind: 'engine', onEvents, ...own })
  return { daemon, client, events, build }
}

function run(command: string, rest: Partial<BuildRequest> = {}): BuildRequest {
  const files = { Dockerfile: `FROM scratch\nRUN ${command}\n` }
  return { context: { files }, output: { type: 'cache-only' }, ...rest }
}

function copy(files: Readonly<Record<string, string>>, rest: Partial<BuildRequest> = {}): BuildRequest {
  const context = { files: { Dockerfile: 'FROM scratch\nCOPY . /\n', ...files } }
  return { context, output: { type: 'cache-only' }, ...rest }
}

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'capstan-build-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

function textOf(events: readonly BuildProgressEvent[]): string {
  return events.map((event) => (event.type === 'log' ? Buffer.from(event.bytes).toString() : '')).join('')
}

interface AbortedExport {
  readonly tags: readonly string[]
  /** The id of the same image, if the engine has it before the build. */
  readonly existing?: string
  readonly removeImage?: () => Promise<void>
  /** How long BuildKit takes to answer the call for the progress. Default 0. */
  readonly statusMs?: number
}

/** A runtime without images. */
const emptyRuntime: RunBuildOptions['runtime'] = {
  imageExists: async () => false,
  listImages: async () => [],
  removeImage: async () => {},
}
const image = { digests: [], sizeBytes: 0, createdAt: undefined, labels: {} }
const cacheOnly = { type: 'cache-only' } as const

const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('the result of a build', () => {
  it('of an engine has the digest that the engine uses as the id of the loaded image', async () => {
    const { build } = startDaemon({ store: 'docker' })
    const result = await build(copy({ a: 'x' }, { output: { type: 'load', tags: ['app:1', 'app:2'] } }))
    expect(result).toMatchObject({
      builder: 'build-service',
      ref: expect.stringMatching(/^[0-9a-f]{32}$/),
      imageId: expect.stringMatching(/^sha256:/),
      metadata: { 'image.name': expect.stringContaining('app:1') },
      unsupportedFeatures: [],
    })
    expect(result.imageId).toBe(result.digest)
  })

  it('has the metadata of the exporter, with parsed objects', async () => {
    const { build } = startDaemon()
    const to = new Writable({ write: (_chunk, _encoding, done) => done() })
    const { metadata, digest } = await build(copy({ a: 'x' }, { output: { type: 'archive', format: 'oci', to } }), {
      kind: 'daemon',
    })
    expect(metadata['containerimage.descriptor']).toMatchObject({ digest })
  })
})

describe('the output of a build', () => {
  it('of a daemon is loaded into the runtime', async () => {
    const { build } = startDaemon()
    const loaded: Buffer[] = []
    const images = {
      async loadImages(tar: AsyncIterable<Uint8Array>) {
        for await (const chunk of tar) loaded.push(Buffer.from(chunk))
        return ['app:1']
      },
    }
    const request = copy({ a: 'x' }, { output: { type: 'load', tags: ['app:1'] } })
    const { builder, imageId } = await build(request, {
      kind: 'daemon',
      images: images as unknown as RunBuildOptions['images'],
    })
    expect({ builder, imageId }).toEqual({ builder: 'sidecar', imageId: expect.stringMatching(/^sha256:/) })
    expect(Buffer.concat(loaded).subarray(257, 262).toString()).toBe('ustar')
  })

  it('fails with the error of the runtime that rejects it', async () => {
    const { build } = startDaemon()
    const refused = new Error('no space')
    const images = { loadImages: () => Promise.reject(refused) }
    const request = copy({ a: 'x' }, { output: { type: 'load', tags: ['app:1'] } })
    const result = build(request, { kind: 'daemon', images: images as unknown as RunBuildOptions['images'] })
    await expect(result).rejects.toBe(refused)
  })

  it('is written to a stream, which is ended', async () => {
    const { build } = startDaemon()
    const chunks: Buffer[] = []
    const to = new Writable({ write: (chunk, _encoding, done) => done(void chunks.push(chunk) as undefined) })
    await build(copy({ a: 'in a' }, { output: { type: 'archive', format: 'files', to } }), { kind: 'daemon' })
    expect(Buffer.concat(chunks).toString()).toContain('in a')
    expect(to.writableFinished).toBe(true)
  })

  it('destroys the stream, and does not end it, when the build fails', async () => {
    const { build } = startDaemon()
    const to = new Writable({ write: (_chunk, _encoding, done) => done() })
    const result = build(run('exit 9', { output: { type: 'archive', format: 'oci', to } }), { kind: 'daemon' })
    await expect(result).rejects.toMatchObject({ code: 'BUILD_FAILED' })
    expect(to).toMatchObject({ writableEnded: false, destroyed: true })
  })

  it('fails with the error of the stream', async () => {
    const { build } = startDaemon()
    const full = new Error('the disk is full')
    const to = new Writable({ write: (_chunk, _encoding, done) => done(full) })
    const result = build(copy({ a: 'x' }, { output: { type: 'archive', format: 'oci', to } }), { kind: 'daemon' })
    await expect(result).rejects.toBe(full)
  })

  it('is unpacked into a directory', async () => {
    const { build } = startDaemon()
    const to = await makeDirectory()
    await build(copy({ 'deep/a': 'in a' }, { output: { type: 'directory', to } }))
    expect(await readFile(join(to, 'deep/a'), 'utf8')).toBe('in a')
  })
})

describe('an error after a build that has succeeded', () => {
  it('is OPERATION_FAILED when the cache cannot be given its tag', async () => {
    const directory = await makeDirectory()
    const hex = '1'.repeat(64)
    await mkdir(join(directory, 'blobs', 'sha256', hex), { recursive: true })
    await mkdir(join(directory, 'index.json'))
    const exported = { 'cache.manifest': JSON.stringify({ digest: `sha256:${hex}` }) }
    const { build } = startDaemon({ response: exported })
    const result = build(copy({ a: 'x' }, { cacheTo: [{ type: 'local', dest: directory }] }))
    await expect(result).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { subject: directory } })
  })

  it('is a warning when BuildKit reports the manifest of another cache', async () => {
    const directory = await makeDirectory()
    const exported = { 'cache.manifest': JSON.stringify({ digest: `sha256:${'1'.repeat(64)}` }) }
    const { build, events } = startDaemon({ response: exported })
    await build(copy({ a: 'x' }, { cacheTo: [{ type: 'local', dest: directory }] }))
    const message = expect.stringContaining(directory)
    expect(events).toContainEqual({ type: 'warning', stepId: '', message })
  })

  it('is that of the runtime when the id of the loaded image cannot be read', async () => {
    const { build } = startDaemon()
    const refused = createHostError('OPERATION_FAILED', {
      operation: 'list',
      subject: 'images',
      status: 500,
      reason: 'full',
    })
    const images = { loadImages: async () => ['app:1'] } as unknown as RunBuildOptions['images']
    const runtime = { ...emptyRuntime, listImages: () => Promise.reject(refused) }
    const request = copy({ a: 'x' }, { output: { type: 'load', tags: ['app:1'] } })
    await expect(build(request, { kind: 'daemon', images, runtime })).rejects.toBe(refused)
  })
})

describe('the context of a build', () => {
  it('is sent once: a second build sends only the files that have changed', async () => {
    const { build, daemon } = startDaemon()
    await build(copy({ same: 'same', changed: 'one' }))
    await build(copy({ same: 'same', changed: 'two' }))
    const sent = daemon.transfers.filter(({ step }) => step.includes('build context')).map((one) => one.sent.toSorted())
    expect(sent).toEqual([['Dockerfile', 'changed', 'same'], ['changed']])
  })

  it.each([
    { dockerfile: './Dockerfile', sent: 'needed', ignored: 'big' },
    { dockerfileText: 'FROM scratch\nCOPY . /\n', sent: 'big', ignored: 'needed' },
    { dockerfileText: 'FROM scratch\nCOPY . /\n', dockerignoreText: 'big', sent: 'needed', ignored: 'big' },
  ])(
    'uses the ignore file of its Dockerfile, in the context or as a text: $dockerfile $dockerignoreText',
    async ({ sent, ignored, ...choice }) => {
      const { build, daemon } = startDaemon()
      const files = { '.dockerignore': 'needed', 'Dockerfile.dockerignore': 'big', needed: 'one', big: 'another' }
      await build({ ...copy(files), ...choice })
      const paths = daemon.transfers.filter(({ step }) => step.includes('build context')).flatMap((one) => one.sent)
      expect(paths).toContain(sent)
      expect(paths).not.toContain(ignored)
    },
  )

  it('has the name of a Dockerfile whose text is given in the steps and in the error', async () => {
    const { build, events } = startDaemon()
    const files = { '.dockerignore': 'needed', needed: 'one' }
    const choice = { dockerfile: 'ci/app.Dockerfile', dockerfileText: 'FROM scratch\nRUN exit 9\n' }
    await expect(build({ ...copy(files), ...choice, dockerignoreText: 'a' })).rejects.toMatchObject({
      facts: { source: { file: 'ci/app.Dockerfile', line: 2 } },
    })
    const name = '[internal] load build definition from ci/app.Dockerfile'
    expect(events).toContainEqual(expect.objectContaining({ type: 'step', name, state: 'completed' }))
  })

  it('rejects with INVALID_ARGUMENT before anything is sent', async () => {
    const { build, daemon } = startDaemon()
    await expect(build(run('true', { context: { directory: '/no/such' } }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(build(run('true', { dockerfile: '../x' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(daemon.transfers).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0)('fails with the error of a file that cannot be read', async () => {
    const { build } = startDaemon()
    const directory = await makeDirectory()
    await writeFile(join(directory, 'Dockerfile'), 'FROM scratch\nCOPY . /\n')
    await writeFile(join(directory, 'private'), 'x')
    await chmod(join(directory, 'private'), 0)
    const request: BuildRequest = { context: { directory }, output: { type: 'cache-only' } }
    await expect(build(request)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
  })
})

describe('the events of a build', () => {
  it('have the states and the output of its steps', async () => {
    const { build, events } = startDaemon()
    await build(run('echo out; echo err >&2'))
    const states = events.flatMap((event) => (event.type === 'step' && event.name.includes('RUN') ? [event.state] : []))
    expect(states).toEqual(['started', 'completed'])
    const logs = events.flatMap((event) =>
      event.type === 'log' ? [[event.stream, Buffer.from(event.bytes).toString()]] : [],
    )
    expect(logs).toEqual([
      ['stdout', 'out\n'],
      ['stderr', 'err\n'],
    ])
  })

  it('have a cached state in the second build', async () => {
    const { build, events } = startDaemon()
    await build(run('echo once'))
    events.length = 0
    await build(run('echo once'))
    expect(events).toContainEqual(expect.objectContaining({ type: 'step', state: 'cached' }))
    events.length = 0
    await build(run('echo once', { noCache: true }))
    expect(events.filter((event) => event.type === 'step' && event.state === 'cached')).toEqual([])
  })
})

describe('a failing build', () => {
  it('rejects with BUILD_FAILED, the step, its command, exit code and output, and the lines of the Dockerfile', async () => {
    const { build } = startDaemon()
    await expect(build(run('echo before; exit 9'))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: expect.stringContaining('RUN echo before; exit 9'),
        command: 'RUN echo before; exit 9',
        exitCode: 9,
        lastLines: ['before'],
        source: {
          file: 'Dockerfile',
          line: 2,
          excerpt: expect.arrayContaining(['   2 | >>> RUN echo before; exit 9']),
        },
      },
    })
  })

  it('rejects with BUILD_FAILED and the message of BuildKit when no step has run', async () => {
    const { build } = startDaemon()
    const request = { context: { files: { other: 'x' } }, output: { type: 'cache-only' } } as const
    const facts = { step: undefined, exitCode: undefined }
    await expect(build(request)).rejects.toMatchObject({ code: 'BUILD_FAILED', facts })
    await expect(build(request)).rejects.toThrow('Dockerfile')
  })

  it('rejects with the error in the history when the connection cannot receive it', async () => {
    const daemon = new FakeDaemon({ faults: [{ at: 'step', kind: 'garble', until: Promise.resolve() }] })
    const connect = async () => {
      const [ours, theirs] = createStreamPair()
      daemon.serve(theirs)
      return ours
    }
    const openSession: BuildService['openSession'] = async (headers) => {
      const [ours, theirs] = createStreamPair()
      daemon.serveSession(theirs, headers)
      return ours
    }
    const client = new BuildKitClient(await connect(), { endpoint: 'the fake', connect, openSession })
    onTestFinished(() => daemon.close())
    await expect(runBuild(client, run('exit 9'), { kind: 'engine', onEvents: () => {} })).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: { exitCode: 9 },
    })
  })

  it('rejects with BUILD_FAILED when BuildKit refuses the call', async () => {
    const { build } = startDaemon()
    const result = build(run('true', { entitlements: ['security.insecure'] }))
    await expect(result).rejects.toMatchObject({ code: 'BUILD_FAILED', facts: { step: undefined } })
    await expect(result).rejects.toThrow('security.insecure')
  })

  it.each(['session', 'solve', 'definition', 'step'] as const)(
    'rejects with CONNECTION_LOST when the connection ends in the phase %s',
    async (at) => {
      const { build } = startDaemon({ faults: [{ at, kind: 'cut' }] })
      await expect(build(run('true'))).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    },
  )

  it.each(['session', 'solve', 'definition', 'step'] as const)(
    'rejects with the reason of an abort in the phase %s',
    async (at) => {
      const { build } = startDaemon({ faults: [{ at, kind: 'hang' }] })
      const result = build(run('true'), { signal: AbortSignal.timeout(100) })
      await expect(result).rejects.toMatchObject({ name: 'TimeoutError' })
    },
  )

  describe('that is aborted while the engine exports its image', () => {
    /** Aborts such a build on an engine that has the image `old:1`. The engine then gives the new image its tags. */
    async function abortExport({ tags, existing, removeImage = async () => {}, statusMs = 0 }: AbortedExport) {
      const exporting = new EventEmitter()
      const reached = once(exporting, 'reached')
      const onReached = () => void exporting.emit('reached')
      const { build, events } = startDaemon({
        store: 'docker',
        faults: [
          { at: 'export', kind: 'wait', until: once(exporting, 'continue'), onReached },
          { at: 'status', kind: 'wait', until: delay(statusMs) },
        ],
      })
      const removed: string[] = []
      const findId = () => {
        const written = events.flatMap((event) => /^writing image (.*)/.exec('id' in event ? event.id : '')?.[1] ?? [])
        return written[0] ?? existing
      }
      const runtime = {
        imageExists: async (tag: string) => tag === 'old:1',
        listImages: async () => [findId()].flatMap((id) => (id === undefined ? [] : [{ ...image, id, tags }])),
        removeImage: async (reference: string) => {
          removed.push(reference)
          await removeImage()
        },
      }
      const controller = new AbortController()
      const reason = new Error('enough')
      const request = copy({ a: 'x' }, { output: { type: 'load', tags } })
      const result = failed(build(request, { runtime, signal: controller.signal }))
      await reached
      controller.abort(reason)
      exporting.emit('continue')
      expect(await result).toBe(reason)
      return { removed, reason, id: findId() }
    }

    it('removes the tags that did not exist before, and keeps the others', async () => {
      expect((await abortExport({ tags: ['old:1', 'new:1'] })).removed).toEqual(['new:1'])
    })

    it('removes an image without tags if it did not exist before', async () => {
      const { removed, id = '' } = await abortExport({ tags: [] })
      expect(removed).toEqual([id])
      expect((await abortExport({ tags: [], existing: id })).removed).toEqual([])
    })

    it('removes the new tags also if BuildKit has not yet reported any progress', async () => {
      expect((await abortExport({ tags: ['new:1'], statusMs: 700 })).removed).toEqual(['new:1'])
    })

    it('rejects with the reason of the abort if a tag cannot be removed, and records the failure of the undo', async () => {
      const refused = new Error('refused')
      const { reason } = await abortExport({ tags: ['new:1'], removeImage: () => Promise.reject(refused) })
      expect(findUndoFailures(reason)).toEqual([refused])
    })
  })

  it('sends no build to an engine before it is known which of the tags exist', async () => {
    const reached: string[] = []
    const { build } = startDaemon({
      store: 'docker',
      faults: [{ at: 'solve', kind: 'wait', onReached: () => reached.push('solve') }],
    })
    const imageExists = (_tag: string, { signal }: OperationOptions = {}) =>
      new Promise<boolean>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const runtime = { ...emptyRuntime, imageExists }
    const request = copy({ a: 'x' }, { output: { type: 'load', tags: ['new:1'] } })
    const reason = await failed(build(request, { runtime, signal: AbortSignal.timeout(100) }))
    expect(reached).toEqual([])
    expect(findUndoFailures(reason)).toEqual([])
  })

  it('rejects with the reason of a signal that was already aborted, and sends nothing', async () => {
    const { build, daemon } = startDaemon()
    const reason = new Error('too early')
    await expect(build(run('true'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(daemon.transfers).toEqual([])
  })

  it('redacts secrets that a step prints, in events and in the error', async () => {
    const { build, events } = startDaemon()
    const command = '--mount=type=secret,id=tok cat /run/secrets/tok; exit 1'
    const error = await failed(build(run(command, { secrets: { tok: 'hunter22\n' } })))
    expect(textOf(events)).toContain('***')
    expect(textOf(events)).not.toContain('hunter22')
    expect(error).toMatchObject({ code: 'BUILD_FAILED', facts: { lastLines: ['***'] } })
  })

  it('rejects with an error whose causes do not contain a secret', async () => {
    const { build } = startDaemon()
    const secrets = { tok: 'hunter22' }
    const error = await failed(
      build({ context: { files: { Dockerfile: 'FROM hunter22\n' } }, output: cacheOnly, secrets }),
    )
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      cause: { message: expect.stringContaining('***'), details: [] },
    })
    expect(inspect(error, { depth: null })).not.toContain('hunter22')
  })

  it('redacts each line of a secret with several lines', async () => {
    const { build } = startDaemon()
    const command = '--mount=type=secret,id=tok cat /run/secrets/tok; exit 1'
    const error = await failed(build(run(command, { secrets: { tok: 'the first one\nthe second one\n' } })))
    expect(JSON.stringify(error)).not.toMatch(/first one|second one/)
  })

  it('reports a missing secret', async () => {
    const { build } = startDaemon()
    const command = '--mount=type=secret,id=tok,required=true cat /run/secrets/tok'
    await expect(build(run(command))).rejects.toThrow('tok')
  })
})
