import { once } from 'node:events'
import { readBuildContext } from '@capstan/build-context'
import { describe, expect, it } from 'vitest'
import { BuildKitClient, openSession } from '../src/index.js'
import { type BuildAnswer, recordAnswer } from './support/build-answer.js'
import { listBuildCases } from './support/build-cases.js'
import { type DaemonFault, FakeDaemon, type FakeDaemonOptions } from './support/fake-daemon.js'
import { readFixture } from './support/read-fixture.js'
import { createStreamPair } from './support/stream-pair.js'

function connectTo(daemon: FakeDaemon) {
  const [ours, theirs] = createStreamPair()
  daemon.serve(theirs)
  return ours
}

/** Answers of the BuildKit of Docker 28, by the titles of the cases. */
function readAnswers(store: string): ReadonlyMap<string, BuildAnswer> {
  const lines = readFixture(`build-answers-${store}.ndjson`).toString().trim().split('\n')
  return new Map(lines.map((line) => JSON.parse(line)).map(({ title, answer }) => [title, answer]))
}

describe.each(['docker', 'containerd'] as const)('FakeDaemon with the image store of %s', (store) => {
  const answers = readAnswers(store)

  it.each(listBuildCases())('answers like the BuildKit of Docker 28: $title', async (build) => {
    const daemon = new FakeDaemon({ store })
    expect(await recordAnswer(async () => connectTo(daemon), build)).toEqual(answers.get(build.title))
  })
})

/** The parts of a recorded output of `buildctl build --progress=rawjson`. */
function readRecording(name: string) {
  const lines = readFixture(name).toString().split('\n')
  const vertexes: readonly { readonly name: string; readonly started?: string }[] = lines
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => JSON.parse(line).vertexes ?? [])
  const names = vertexes.flatMap(({ name: vertex, started }) => (started === undefined ? [] : [vertex]))
  const message = lines.find((line) => line.startsWith('error: '))?.replace('error: failed to solve: ', '')
  return { names: [...new Set(names)], message }
}

describe('FakeDaemon without an image store', () => {
  const archive = 'busybox-rootfs.tar.gz'
  const base = ['FROM scratch', `ADD ${archive} /`]
  const requireSecret = 'RUN --mount=type=secret,id=tok,required=true cat /run/secrets/tok >/dev/null'
  const stages = [
    'FROM scratch AS base',
    `ADD ${archive} /`,
    'FROM base AS work',
    'RUN for i in 1 2 3; do echo line $i; echo err $i >&2; done; seq 1 5 > /n',
    'FROM base',
    'COPY --from=work /n /n',
    'RUN --mount=type=secret,id=tok test -f /run/secrets/tok && cat /n',
  ]

  it.each([
    { recording: 'build-ok.stderr.ndjson', filename: 'Dockerfile', lines: stages },
    { recording: 'build-cached.stderr.ndjson', filename: 'Dockerfile', lines: stages, isRepeated: true },
    {
      recording: 'build-run-exit-9.stderr.txt',
      filename: 'Dockerfile.fail',
      lines: [...base, 'RUN echo before; exit 9'],
    },
    { recording: 'build-syntax-error.stderr.txt', filename: 'Dockerfile.bad', lines: ['FROM scratch', 'FLY away'] },
    { recording: 'build-dockerfile-missing.stderr.txt', filename: 'Nope', lines: undefined },
    { recording: 'build-secret-missing.stderr.txt', filename: 'Dockerfile.sec', lines: [...base, requireSecret] },
    {
      recording: 'build-base-unreachable.stderr.txt',
      filename: 'Dockerfile.pull',
      lines: ['FROM alpine:3.20', 'RUN true'],
    },
  ])('runs the vertexes of $recording, with the same error', async ({ recording, filename, lines, ...rest }) => {
    const daemon = new FakeDaemon()
    const answer = await recordAnswer(async () => connectTo(daemon), {
      title: recording,
      files: { [archive]: 'the archive', ...(lines && { [filename]: lines.join('\n') }) },
      attributes: { filename },
      secrets: recording.startsWith('build-secret') ? {} : { tok: 'hunter22' },
      exporter: { type: 'docker', attributes: { name: 'docker.io/library/demo:1' } },
      ...rest,
    })
    const { names, message } = readRecording(recording)
    // Behind `Head`, the recording has the names of its network.
    const toStable = (text: string | undefined) => text?.split(' Head ')[0]
    expect(answer.vertexes.map(({ name }) => name)).toEqual(names)
    expect(toStable(answer.error?.message)).toBe(toStable(message))
  })
})

type Files = Readonly<Record<string, string>>

async function openClient(options: FakeDaemonOptions = {}) {
  const daemon = new FakeDaemon(options)
  const client = new BuildKitClient(connectTo(daemon), { endpoint: 'BuildKit' })
  const build = async (files: Files, { sharedKey = 'key', Ref = 'ref', ...request }: BuildOptions = {}) => {
    const entries = []
    for await (const entry of readBuildContext({ files })) entries.push(entry)
    await using session = await openSession(
      client,
      { sources: { context: entries, dockerfile: entries }, output: readAll },
      { sharedKey },
    )
    return await client.solve({ Ref, Session: session.id, Frontend: 'dockerfile.v0', ...request })
  }
  return { daemon, client, build }
}

interface BuildOptions {
  readonly sharedKey?: string
  readonly Ref?: string
  readonly Exporters?: { readonly Type: string }[]
}

async function readAll(archive: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of archive);
}

const files = { Dockerfile: 'FROM scratch\nCOPY a b /\nRUN echo line\n', a: 'in a', b: 'in b' }
const findSent = ({ transfers }: FakeDaemon) =>
  transfers.filter(({ step }) => step === '[internal] load build context').map(({ sent }) => sent)

describe('the local sources of FakeDaemon', () => {
  it('request only files that are new or changed', async () => {
    const { daemon, build } = await openClient()
    await build(files)
    await build(files)
    await build({ ...files, b: 'IN B' })
    expect(findSent(daemon)).toEqual([['a', 'b'], [], ['b']])
  })

  it('are kept separately for each shared key', async () => {
    const { daemon, build } = await openClient()
    await build(files, { sharedKey: 'one' })
    await build(files, { sharedKey: 'other' })
    expect(findSent(daemon)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })
})

describe('a fault of FakeDaemon', () => {
  const phases = ['session', 'solve', 'definition', 'context', 'step', 'export'] as const

  it.each(phases)('ends the connection in the phase %s', async (at) => {
    const { build } = await openClient({ faults: [{ at, kind: 'cut' }] })
    await expect(build(files, { Exporters: [{ Type: 'tar' }] })).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })

  it('sends bytes that are not HTTP/2', async () => {
    const stream = connectTo(new FakeDaemon({ faults: [{ at: 'solve', kind: 'garble' }] }))
    const client = new BuildKitClient(stream, { endpoint: 'BuildKit' })
    const isGarbled = new Promise((resolve) => {
      stream.on('data', (chunk: Buffer) => chunk.includes('no HTTP/2 any more') && resolve(true))
    })
    const solved = client.solve({ Ref: 'ref', Frontend: 'dockerfile.v0' }).catch(() => {})
    expect(await isGarbled).toBe(true)
    client.close()
    await solved
  })

  it('lets a build hang until the promise of the fault resolves', async () => {
    let release = () => {}
    const until = new Promise<void>((resolve) => {
      release = resolve
    })
    const fault: DaemonFault = { at: 'solve', kind: 'hang', until }
    const { build, client } = await openClient({ faults: [fault] })
    const result = build(files)
    expect(await client.workers()).toHaveLength(1)
    release()
    expect((await result).ExporterResponse).toEqual({})
  })

  it('rejects calls that are not implemented', async () => {
    const { build } = await openClient({ without: ['solve'] })
    await expect(build(files)).rejects.toMatchObject({ facts: { reason: expect.stringMatching(/not implemented/) } })
  })
})

describe('a session of FakeDaemon', () => {
  it('is closed when its health is not answered', async () => {
    const { client } = await openClient({ health: { intervalMs: 1, timeoutMs: 1 } })
    const stream = await client.openSession({ 'x-docker-expose-session-uuid': 'id' })
    await once(stream.resume(), 'close')
    expect(stream.destroyed).toBe(true)
  })

  it('must exist when a build needs it', async () => {
    const { client } = await openClient({ sessionTimeoutMs: 1 })
    const request = { Ref: 'ref', Session: 'unknown', Frontend: 'dockerfile.v0' }
    await expect(client.solve(request)).rejects.toMatchObject({
      facts: { reason: 'failed to read dockerfile: no active session for unknown: context deadline exceeded' },
    })
  })
})

describe('the history of FakeDaemon', () => {
  it('lists finished builds with their errors', async () => {
    const { client, build } = await openClient()
    await build(files, { Ref: 'one' })
    await build({ Dockerfile: 'FLY\n' }, { Ref: 'two' }).catch(() => {})
    const events = []
    for await (const { record } of client.listenBuildHistory({ EarlyExit: true })) events.push(record)
    expect(events).toMatchObject([
      { Ref: 'one', numTotalSteps: 5, numCompletedSteps: 5, numCachedSteps: 0 },
      { Ref: 'two', error: { code: 2, message: 'dockerfile parse error on line 1: unknown instruction: FLY' } },
    ])
  })
})
