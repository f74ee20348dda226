import { createHostError, type OperationOptions, type StringMap } from '@capstan/core'
import type { BuildKitManagers } from './buildkit-managers.js'
import type { BuildKitWorker, CacheRecord, PruneOptions } from './buildkit-sidecar.js'
import { runExec } from './run-exec.js'

/** The workers, as `buildctl debug workers` has them. */
export async function listWorkers(
  managers: BuildKitManagers,
  id: string,
  { signal }: OperationOptions,
): Promise<readonly BuildKitWorker[]> {
  const operation = 'workers'
  const text = await ask(managers, id, { operation, words: ['debug', 'workers'], signal })
  return parseLines(operation, text)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .map(toWorker)
}

/** What the cache holds. */
export async function readDiskUsage(
  managers: BuildKitManagers,
  id: string,
  { signal }: OperationOptions,
): Promise<readonly CacheRecord[]> {
  const operation = 'diskUsage'
  const text = await ask(managers, id, { operation, words: ['du'], signal })
  return parseLines(operation, text)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .map(toRecord)
}

/** Removes what no build uses. */
export async function prune(
  managers: BuildKitManagers,
  id: string,
  { signal, all = false, keepBytes }: PruneOptions,
): Promise<readonly CacheRecord[]> {
  const operation = 'prune'
  if (keepBytes !== undefined && !(Number.isSafeInteger(keepBytes) && keepBytes >= 0)) {
    const facts = { field: 'keepBytes', expected: 'a number of bytes', given: String(keepBytes) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
  const keep = keepBytes === undefined ? [] : ['--keep-storage', String(Math.floor(keepBytes / 1_000_000))]
  const text = await ask(managers, id, { operation, words: ['prune', ...(all ? ['--all'] : []), ...keep], signal })
  return parseLines(operation, text).map(toRecord)
}

interface Question extends OperationOptions {
  readonly operation: string
  readonly words: readonly string[]
}

async function ask({ execs }: BuildKitManagers, id: string, { operation, words, signal }: Question): Promise<string> {
  const command = ['buildctl', ...words, '--format', '{{json .}}']
  const { exitCode, stdout, stderr } = await runExec(execs, id, { command, signal })
  if (exitCode === 0) return stdout.toString()
  const reason = `buildctl ended with exit code ${exitCode}: ${stderr.trim()}`
  throw createHostError('OPERATION_FAILED', { operation, subject: `container "${id}"`, status: undefined, reason })
}

/** One JSON value a line. */
function parseLines(operation: string, text: string): readonly unknown[] {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line): unknown => JSON.parse(line))
  } catch (cause) {
    throw createHostError('PROTOCOL_ERROR', { operation, excerpt: text.slice(0, 500) }, { cause })
  }
}

function toWorker(value: unknown): BuildKitWorker {
  const worker = toObject(value)
  const { version } = toObject(worker.buildkitVersion)
  const platforms = Array.isArray(worker.platforms) ? worker.platforms.map(toPlatform) : []
  return { id: toText(worker.id), labels: toLabels(worker.labels), platforms, version: toText(version) }
}

function toPlatform(value: unknown): string {
  const { os, architecture, variant } = toObject(value)
  return [os, architecture, variant].filter((part) => typeof part === 'string' && part !== '').join('/')
}

function toRecord(value: unknown): CacheRecord {
  const record = toObject(value)
  return {
    id: toText(record.id),
    sizeBytes: typeof record.size === 'number' ? record.size : 0,
    inUse: record.inUse === true,
    description: toText(record.description),
    createdAt: toDate(record.createdAt),
    lastUsedAt: toDate(record.lastUsedAt),
  }
}

function toDate(value: unknown): Date | undefined {
  return typeof value === 'string' ? new Date(value) : undefined
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function toLabels(value: unknown): StringMap {
  return Object.fromEntries(Object.entries(toObject(value)).map(([key, text]) => [key, toText(text)]))
}

function toObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
