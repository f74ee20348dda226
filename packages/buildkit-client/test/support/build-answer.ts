import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { readBuildContext } from '@capstan/build-context'
import { isHostError } from '@capstan/core'
import { ConnectError } from '@connectrpc/connect'
import type { StatusResponse, Vertex } from '../../src/generated/control_pb.js'
import { BuildKitClient, openSession } from '../../src/index.js'
import { answerLabel, type BuildCase } from './build-cases.js'

/** What a daemon answers to a build, without what differs in each build: digests, times, sizes and names of hosts. */
export interface BuildAnswer {
  /** In the order of their first start. */
  readonly vertexes: readonly VertexAnswer[]
  readonly warnings: readonly WarningAnswer[]
  readonly error?: ErrorAnswer
  /** The keys of the exporter's response, sorted. */
  readonly responseKeys: readonly string[]
}

interface VertexAnswer {
  readonly name: string
  /** The number of times that it was started. */
  readonly intervals: number
  readonly inputs: readonly string[]
  readonly cached?: true
  readonly error?: string
  readonly statuses?: readonly string[]
  readonly stdout?: string
  readonly stderr?: string
}

interface WarningAnswer {
  readonly message: string
  readonly detail: readonly string[]
  readonly url: string
  readonly lines: readonly number[]
}

interface ErrorAnswer {
  readonly code: number
  readonly message: string
  /** The types of the details, sorted and once each. Stacks have no fixed number. */
  readonly details: readonly string[]
  readonly source?: { readonly filename: string; readonly ranges: unknown }
  readonly exitCode?: number
}

/** Builds a case on the daemon behind the stream, which is closed afterwards, and describes the answers. */
export async function recordAnswer(connect: () => Promise<Duplex>, build: BuildCase): Promise<BuildAnswer> {
  const stamp = randomBytes(8).toString('hex')
  const texts = Object.entries(build.files).map(([path, content]) => {
    return [path, typeof content === 'string' ? content.replaceAll('{stamp}', stamp) : content] as const
  })
  const files = { ...Object.fromEntries(texts), stamp }
  if (build.isRepeated) await recordBuild(await connect(), { ...build, files })
  return recordBuild(await connect(), { ...build, files })
}

async function recordBuild(stream: Duplex, build: BuildCase): Promise<BuildAnswer> {
  const { attributes = {}, secrets = {}, exporter } = build
  const client = new BuildKitClient(stream, { endpoint: 'BuildKit' })
  try {
    const entries = []
    for await (const entry of readBuildContext({ files: build.files })) entries.push(entry)
    const sources = { context: entries, dockerfile: entries }
    const output = async (archive: AsyncIterable<Uint8Array>) => {
      for await (const _ of archive);
    }
    await using session = await openSession(client, { sources, secrets, output }, { sharedKey: 'capstan-test-answers' })
    const ref = randomBytes(8).toString('hex')
    const statuses: StatusResponse[] = []
    const canceling = new AbortController()
    const following = (async () => {
      for await (const status of client.status(ref, { signal: canceling.signal })) statuses.push(status)
    })()
    const request = {
      Ref: ref,
      Session: session.id,
      Frontend: 'dockerfile.v0',
      FrontendAttrs: { ...attributes, [`label:${answerLabel}`]: '1' },
      Exporters: exporter === undefined ? [] : [{ Type: exporter.type, Attrs: exporter.attributes }],
    }
    const solved = await client.solve(request).catch((error: unknown) => toErrorAnswer(error))
    // A build that was not started has no status.
    if ('code' in solved && solved.details.length <= 1) canceling.abort()
    await following.catch(() => {})
    const responseKeys = 'code' in solved ? [] : Object.keys(solved.ExporterResponse).sort()
    return { ...toProgressAnswer(statuses), ...('code' in solved && { error: solved }), responseKeys }
  } finally {
    client.close()
  }
}

function toProgressAnswer(statuses: readonly StatusResponse[]): Pick<BuildAnswer, 'vertexes' | 'warnings'> {
  const vertexes = statuses.flatMap((status) => status.vertexes)
  const names = new Map(vertexes.map(({ digest, name }) => [digest, name]))
  const started = vertexes.filter(({ started: at }) => at !== undefined)
  const digests = [...new Set(started.map(({ digest }) => digest))]
  const logs = statuses.flatMap((status) => status.logs)
  const toText = (digest: string, stream: bigint) =>
    logs
      .filter((log) => log.vertex === digest && log.stream === stream)
      .map(({ msg }) => Buffer.from(msg).toString())
      .join('')
  const toAnswer = (digest: string): VertexAnswer => {
    const own = started.filter((vertex) => vertex.digest === digest)
    const error = own.find((vertex) => vertex.error !== '')?.error
    const ids = statuses.flatMap((status) => status.statuses).filter(({ vertex }) => vertex === digest)
    const text = { stdout: toText(digest, 1n), stderr: toText(digest, 2n) }
    return {
      name: own[0]?.name ?? '',
      intervals: new Set(own.map(toStart)).size,
      inputs: (own[0]?.inputs ?? []).map((input) => names.get(input) ?? input),
      ...(own.some(({ cached }) => cached) && { cached: true }),
      ...(error !== undefined && { error: toFixed(error) }),
      ...(ids.length > 0 && { statuses: [...new Set(ids.map(({ ID }) => toFixed(ID)))] }),
      ...Object.fromEntries(Object.entries(text).filter(([, value]) => value !== '')),
    }
  }
  const warnings = statuses.flatMap((status) => status.warnings)
  return { vertexes: digests.map(toAnswer), warnings: warnings.map(toWarningAnswer) }
}

function toStart({ started }: Vertex): string {
  return `${started?.seconds}.${started?.nanos}`
}

function toWarningAnswer({ short, detail, url, ranges }: StatusResponse['warnings'][number]): WarningAnswer {
  const message = Buffer.from(short).toString()
  return {
    message,
    detail: detail.map((text) => Buffer.from(text).toString()),
    url,
    lines: ranges.map(({ start }) => start?.line ?? 0),
  }
}

function toErrorAnswer(error: unknown): ErrorAnswer {
  if (!isHostError(error, 'OPERATION_FAILED') || !(error.cause instanceof ConnectError)) throw error
  const { code, rawMessage, details } = error.cause
  const found = details.flatMap((detail) =>
    'type' in detail ? [{ type: detail.type, value: JSON.parse(Buffer.from(detail.value).toString()) }] : [],
  )
  const find = (type: string) => found.find((detail) => detail.type === `${type}+json`)?.value
  const source = find('errdefs.Source')
  const exit = find('gatewayapi.ExitMessage')
  return {
    code,
    message: toFixed(rawMessage),
    details: [...new Set(found.map(({ type }) => type))].sort(),
    ...(source && { source: { filename: source.info.filename, ranges: source.ranges } }),
    ...(exit && { exitCode: exit.Code }),
  }
}

/** Replaces what differs in each build. */
function toFixed(text: string): string {
  return text
    .replace(/sha256:[0-9a-f]{64}/g, 'sha256:…')
    .replace(/ref \S+::\S+: /, 'ref …: ')
    .replace(/dial tcp: .*/s, 'dial tcp: …')
}
