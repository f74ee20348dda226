import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readFixture } from '../../../buildkit-client/test/support/read-fixture.js'
import { toRunFailure } from '../support/run-failure.js'
import { CommandError, type Flags, parseFlags } from './flags.js'
import { toArchive } from './image-archive.js'
import { receiveFiles } from './local-source.js'

/** `buildctl build`: replays the recording that fits the Dockerfile, with its timing, and writes an archive of the context. */
export async function replayBuild(words: readonly string[]): Promise<number> {
  const flags = parseFlags(words, known)
  if (flags.progress?.[0] !== 'rawjson') throw new CommandError('the fake BuildKit supports only --progress=rawjson')
  if (flags.frontend?.[0] !== 'dockerfile.v0')
    throw new CommandError('the fake BuildKit supports only --frontend=dockerfile.v0')
  const build = await readBuild(flags)
  if (hasRun(build) && !canRun()) {
    process.stderr.write(toRunFailure())
    return 1
  }
  const recording = chooseRecording(build)
  await replay(recording, build)
  if (!recording.endsWith('.ndjson')) return 1
  const { metadata, archive } = toArchive(build)
  const [metadataFile] = flags['metadata-file'] ?? []
  if (metadataFile !== undefined) writeFileSync(metadataFile, JSON.stringify(metadata, undefined, 2))
  mkdirSync(dirname(build.cacheMark), { recursive: true })
  writeFileSync(build.cacheMark, '')
  if (archive !== undefined) await new Promise((resolve) => process.stdout.write(archive, resolve))
  return 0
}

function hasRun({ dockerfile = '' }: FakeBuild): boolean {
  return /^RUN /m.test(dockerfile)
}

/** runc creates a cgroup for each RUN, except in rootless mode. */
function canRun(): boolean {
  if (process.env.BUILDKIT_HOST?.includes('/run/user/')) return true
  const cgroup = '/sys/fs/cgroup/cpuset/buildkit'
  try {
    mkdirSync(cgroup)
    rmdirSync(cgroup)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EROFS'
  }
}

/** The parts of a command line and its context that select the recording. */
export interface FakeBuild {
  readonly dockerfile: string | undefined
  readonly filename: string
  /** Content by path. */
  readonly files: ReadonlyMap<string, Buffer>
  readonly secrets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** `type`, `name` and the like of `--output`. */
  readonly output: Readonly<Record<string, string>>
  readonly noCache: boolean
  /** The path of a file that exists if the same build has succeeded before. */
  readonly cacheMark: string
}

async function readBuild(flags: Flags): Promise<FakeBuild> {
  const local = toPairs(flags.local ?? [])
  const { context = '.', dockerfile: directory = context } = local
  const options = toPairs(flags.opt ?? [])
  const filename = options.filename ?? 'Dockerfile'
  if (!existsSync(context)) throw new CommandError(`lstat ${context}: no such file or directory`)
  const files = receiveFiles('context', context)
  const path = join(directory, filename)
  const hash = createHash('sha256').update(filename)
  for (const [name, content] of files) hash.update(name).update(content)
  return {
    filename,
    files,
    dockerfile: existsSync(path) ? readFileSync(path, 'utf8') : undefined,
    secrets: (flags.secret ?? []).map(toFields).flatMap(({ id = '', ...source }) => (isThere(source) ? [id] : [])),
    labels: Object.fromEntries(
      Object.entries(options).flatMap(([key, value]) => (key.startsWith('label:') ? [[key.slice(6), value]] : [])),
    ),
    output: toFields(flags.output?.[0] ?? ''),
    noCache: flags['no-cache'] !== undefined,
    cacheMark: join('/var/lib/buildkit', `fake-buildkit-${hash.digest('hex')}`),
  }
}

function isThere({ type, env = '', src = '' }: Readonly<Record<string, string>>): boolean {
  return type === 'env' ? process.env[env] !== undefined : existsSync(src)
}

/** Selects the recording by the first condition that holds. */
function chooseRecording({ dockerfile, secrets, output, noCache, cacheMark }: FakeBuild): string {
  if (dockerfile === undefined) return 'build-dockerfile-missing.stderr.txt'
  const lines = dockerfile.split('\n').map((line) => line.trim())
  if (lines.some((line) => /^[A-Za-z]/.test(line) && !instructions.test(line))) return 'build-syntax-error.stderr.txt'
  const stages = lines.flatMap((line) => /^FROM\s+\S+\s+AS\s+(\S+)/i.exec(line)?.[1] ?? [])
  const bases = lines.flatMap((line) => /^FROM\s+(\S+)/i.exec(line)?.[1] ?? [])
  if (bases.some((base) => base !== 'scratch' && !stages.includes(base))) return 'build-base-unreachable.stderr.txt'
  if (output.push === 'true')
    throw new CommandError(`failed to solve: failed to push ${output.name}: there is no registry`)
  const required = [...dockerfile.matchAll(/--mount=type=secret,(\S*)/g)].map(([, fields = '']) => toFields(fields))
  const missing = required.find(({ id = '', required: isRequired }) => isRequired === 'true' && !secrets.includes(id))
  if (missing !== undefined) return 'build-secret-missing.stderr.txt'
  if (/^RUN .*exit 9/m.test(dockerfile)) return 'build-run-exit-9.stderr.txt'
  return existsSync(cacheMark) && !noCache ? 'build-cached.stderr.ndjson' : 'build-ok.stderr.ndjson'
}

/** Writes the lines with their recorded intervals. A step that sleeps is delayed. */
async function replay(recording: string, { dockerfile = '' }: FakeBuild): Promise<void> {
  const [, seconds] = /^RUN .*sleep (\d+)/m.exec(dockerfile) ?? []
  let last: number | undefined
  for (const line of readFixture(recording).toString().split('\n')) {
    const at = toLatest(line)
    if (at !== undefined) await pause(Math.max(0, at - (last ?? at)))
    last = at ?? last
    if (line !== '') process.stderr.write(`${line}\n`)
    if (seconds !== undefined && line.includes('"logs"')) await pause(Number(seconds) * 1000)
  }
}

function toLatest(line: string): number | undefined {
  const times = [...line.matchAll(/"(?:timestamp|started|completed)":"([^"]+)"/g)].map(([, time = '']) =>
    Date.parse(time),
  )
  return times.length === 0 ? undefined : Math.max(...times)
}

/** Parses `key=value` words. */
function toPairs(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(words.map((word) => [word.split('=')[0] ?? '', word.slice(word.indexOf('=') + 1)]))
}

/** Parses the fields of one CSV line. A field that contains a comma is quoted. */
function toFields(text: string): Readonly<Record<string, string>> {
  return toPairs([...text.matchAll(/"([^"]*)"|([^,]+)/g)].map(([, quoted, plain = '']) => quoted ?? plain))
}

const instructions =
  /^(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s/i
const known = {
  progress: 'string',
  frontend: 'string',
  local: 'string',
  opt: 'string',
  secret: 'string',
  output: 'string',
  'metadata-file': 'string',
  'no-cache': 'boolean',
  'import-cache': 'string',
  'export-cache': 'string',
  allow: 'string',
  ssh: 'string',
} as const
