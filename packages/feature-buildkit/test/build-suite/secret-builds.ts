import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { skipTest } from '../../../../test/support/test-engine.js'
import { findProgram } from '../../../../tools/engine/engine-packages.mjs'
import { toMatrixFiles } from '../../../../tools/engines/matrix-files.mjs'
import type { BuildProgressEvent, BuildRequest } from '../../src/index.js'
import { createDirectory, readImage } from './build-files.js'
import { readProcesses } from './processes.js'
import { type DeclareBuild, type TestedBuilder, toContext } from './tested-builder.js'

/** Declares the build whose secrets must be found nowhere. */
export function defineSecretBuilds(declare: DeclareBuild): void {
  declare(
    'gives a secret and an SSH agent to steps, and leaves neither in an image, a process, an event, a record or a file of the engine',
    async (builder, context) => {
      const perl = findProgram('perl')
      if (perl === undefined) return skipTest(context, 'this machine has no perl, with which a step asks the agent')
      const [secret = '', answer = ''] = [1, 2].map(() => randomBytes(16).toString('hex'))
      const agent = await startAgent(answer)
      const search = new EventEmitter()
      const waitingAgent = await startAgent(answer, { until: once(search, 'done') })
      const lines = [
        `RUN --mount=type=secret,id=tok,required=true ${toCheck(secret, '/run/secrets/tok')}`,
        `RUN --mount=type=secret,id=tok,target=/elsewhere,mode=0400 ${toCheck(secret, '/elsewhere')}`,
        'COPY --chmod=755 perl/ /',
        `RUN --mount=type=ssh perl -e '${askAgent}' >/dev/shm/answer && ${toCheck(answer, '/dev/shm/answer')}`,
        `RUN --mount=type=secret,id=tok --mount=type=ssh,id=other echo ${builder.stepId}; perl -e '${askAgent}' >/dev/null && true`,
      ]
      await expectNoSecretLeft(builder, {
        texts: [secret, answer],
        request: {
          context: toContext(lines, toProgramFiles('perl', perl)),
          secrets: { tok: secret },
          ssh: { default: agent.path, other: waitingAgent.path },
        },
        onProcessesRead: () => search.emit('done'),
      })
      expect(agent.requests).toEqual([identitiesRequest])
      expect(waitingAgent.requests).toEqual([identitiesRequest])
    },
    { fake: 'runs no programs' },
  )
}

/** Returns a command that succeeds if the file has the text, and contains its digest only. */
function toCheck(secret: string, file: string): string {
  const digest = createHash('sha256').update(secret).digest('hex')
  return `[ "$(sha256sum <${file})" = "${digest}  -" ]`
}

interface SecretBuild {
  /** The secrets. */
  readonly texts: readonly string[]
  /** A build that prints `builder.stepId` and then waits for `onProcessesRead`. */
  readonly request: Omit<BuildRequest, 'output'>
  readonly onProcessesRead: () => void
}

/** Builds, and looks for the secrets during the build and after it. */
async function expectNoSecretLeft(
  builder: TestedBuilder,
  { texts, request, onProcessesRead }: SecretBuild,
): Promise<void> {
  const { runtime } = builder.scope
  const tag = `${builder.runId}:secret`
  const build = builder.build({ ...request, output: { type: 'load', tags: [tag] } })
  onTestFinished(() => runtime.removeImage(tag))
  const events: BuildProgressEvent[] = []
  const processes: string[] = []
  for await (const event of build) {
    events.push(event)
    if (event.type !== 'log') continue
    processes.push(...readProcesses('cmdline'), ...readProcesses('environ'))
    onProcessesRead()
  }
  const { ref = '' } = await build.result
  await using history = await builder.openHistory()
  const recorded: unknown[] = (await history.builds()).filter((record) => record.ref === ref)
  expect(recorded).toHaveLength(1)
  for await (const event of history.buildEvents(ref)) recorded.push(event)
  const places = {
    events: toText(events),
    processes: processes.join('\n'),
    records: toText(recorded),
    image: await readImage(builder, tag),
  }
  // Each place has the name of the step, so it would have a secret as well.
  const all = [builder.stepId, ...texts]
  for (const [place, content] of Object.entries(places))
    expect({ place, found: all.filter((text) => content.includes(text)) }).toEqual({ place, found: [builder.stepId] })
  const data = findEngineData(builder)
  if (data !== undefined) expect(findInFiles(all, data)).toEqual([builder.stepId])
}

/** The bytes of output are converted to text. */
function toText(values: readonly unknown[]): string {
  return JSON.stringify(values, (_, value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value))
}

/** Returns the folder with all files of an engine of the matrix, and its log. */
function findEngineData({ engine }: TestedBuilder): string | undefined {
  const [, name] = /^\/run\/capstan-engines\/([^/]+)\//.exec(engine.socketPath) ?? []
  return name === undefined ? undefined : toMatrixFiles(name).data
}

/** Returns those of the texts that a file in the directory contains. */
function findInFiles(texts: readonly string[], directory: string): readonly string[] {
  const patterns = texts.flatMap((text) => ['-e', text])
  const options = ['-raohF', '--devices=skip', '--no-messages'] // files can be removed during the search
  const { stdout, error } = spawnSync('grep', [...options, ...patterns, directory], { encoding: 'utf8' })
  if (error !== undefined) throw error
  return [...new Set(stdout.split('\n').filter((line) => line !== ''))].sort()
}

/** Starts an agent whose only key has this comment. It answers after `until`, and ends with the test. */
async function startAgent(comment: string, { until }: { readonly until?: Promise<unknown> } = {}) {
  const path = join(createDirectory(), 'agent.sock')
  const requests: number[] = []
  const server = createServer((socket) => {
    socket.on('data', async (request: Buffer) => {
      requests.push(request[4] ?? 0)
      await until
      const body = Buffer.concat([Buffer.from([identitiesAnswer]), toUint32(1), toField('a key'), toField(comment)])
      socket.write(Buffer.concat([toUint32(body.length), body]))
    })
  })
  await once(server.listen(path), 'listening')
  onTestFinished(() => void server.close())
  return { path, requests }
}

function toUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function toField(text: string): Buffer {
  return Buffer.concat([toUint32(text.length), Buffer.from(text)])
}

/** A program for perl without modules: asks the agent for its keys, and prints the comment of the only one. */
const askAgent = [
  'socket(S, 1, 1, 0) and connect(S, pack("S a108", 1, $ENV{SSH_AUTH_SOCK})) or die $!',
  'syswrite(S, pack("N C", 1, 11))',
  'sysread(S, $answer, 4096)',
  'print((unpack("N C N N/a N/a", $answer))[4])',
].join('; ')

/** https://datatracker.ietf.org/doc/html/draft-miller-ssh-agent */
const identitiesRequest = 11
const identitiesAnswer = 12

/** Returns a program of this machine and its libraries as files of a context, in a folder of this name. */
function toProgramFiles(folder: string, program: string): Readonly<Record<string, Uint8Array>> {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' })
  const libraries = [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  const files = [[`${folder}/bin/${folder}`, program], ...libraries.map((path) => [`${folder}${path}`, path])]
  return Object.fromEntries(files.map(([path = '', source = '']) => [path, readFileSync(source)]))
}
