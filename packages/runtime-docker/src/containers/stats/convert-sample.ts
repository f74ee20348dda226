import type { ContainerSample } from '@capstan/core'
import type { EngineQuirks } from '../../quirks/engine-quirks.js'

/**
 * Converts an answer. The CPU share is that since the earlier measurement in the answer, else since `previous`; `undefined` if
 * there is none.
 */
export function toSample(
  answer: EngineSample,
  { quirks, previous }: { readonly quirks: EngineQuirks; readonly previous?: EngineSample | undefined },
): ContainerSample | undefined {
  const { read, cpu_stats: cpu, preread, precpu_stats: precpu } = answer
  const earlier = isTime(preread)
    ? { read: preread, cpu: precpu }
    : isMeasured(previous)
      ? { read: previous.read, cpu: previous.cpu_stats }
      : undefined
  const elapsedNs = earlier === undefined ? 0 : toNanosecondsBetween(earlier.read, read)
  if (earlier === undefined || !(elapsedNs > 0)) return undefined
  const usedNs = readUsedNs(cpu)
  return {
    at: toDate(splitTime(read ?? '')),
    cpu: { usedNs, share: Math.max(0, usedNs - readUsedNs(earlier.cpu)) / elapsedNs },
    memory: toMemory(answer.memory_stats),
    network: toNetwork(answer.networks, quirks),
    blocks: toBlocks(answer.blkio_stats),
    pids: answer.pids_stats?.current,
  }
}

/** Whether the engine has measured the container. Docker answers with the year 1 if it does not run, Podman without a time. */
export function isMeasured(answer: EngineSample | undefined): answer is EngineSample {
  return isTime(answer?.read)
}

/** The answer of the engine, with the fields that are read. */
export interface EngineSample {
  readonly read?: string
  /** The time of the earlier measurement, that of `precpu_stats`. */
  readonly preread?: string
  readonly cpu_stats?: EngineCpu
  readonly precpu_stats?: EngineCpu
  readonly memory_stats?: EngineMemory
  readonly networks?: Readonly<Record<string, { readonly rx_bytes?: number; readonly tx_bytes?: number }>> | null
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op?: string; readonly value?: number }[] | null
  }
  readonly pids_stats?: { readonly current?: number }
}

interface EngineCpu {
  readonly cpu_usage?: { readonly total_usage?: number }
}

interface EngineMemory {
  readonly usage?: number
  readonly limit?: number
  /** By the names of the cgroup's own file: those of version 1 for the whole hierarchy begin with `total_`. */
  readonly stats?: { readonly total_inactive_file?: number; readonly inactive_file?: number } | null
}

function readUsedNs(cpu: EngineCpu | undefined): number {
  return cpu?.cpu_usage?.total_usage ?? 0
}

/** Docker's client subtracts the inactive page cache in the same way. */
function toMemory({ usage = 0, limit = 0, stats }: EngineMemory = {}): ContainerSample['memory'] {
  const cacheBytes = stats?.total_inactive_file ?? stats?.inactive_file ?? 0
  const usedBytes = cacheBytes < usage ? usage - cacheBytes : usage
  return { usedBytes, limitBytes: limit > 0 && Number.isSafeInteger(limit) ? limit : undefined }
}

function toNetwork(networks: EngineSample['networks'], quirks: EngineQuirks): ContainerSample['network'] {
  let sum: ContainerSample['network']
  for (const name in networks) {
    const { rx_bytes: received = 0, tx_bytes: sent = 0 } = networks[name] ?? {}
    const isHostSide = quirks.countsHostSide === true && name === 'network'
    const { receivedBytes, sentBytes } = sum ?? { receivedBytes: 0, sentBytes: 0 }
    sum = {
      receivedBytes: receivedBytes + (isHostSide ? sent : received),
      sentBytes: sentBytes + (isHostSide ? received : sent),
    }
  }
  return sum
}

/** Names of operations are capitalized on cgroup version 1. */
function toBlocks(blocks: EngineSample['blkio_stats']): ContainerSample['blocks'] {
  const entries = blocks?.io_service_bytes_recursive
  if (entries === undefined || entries === null) return undefined
  let [readBytes, writtenBytes] = [0, 0]
  for (const { op, value = 0 } of entries) {
    if (op === 'read' || op === 'Read') readBytes += value
    if (op === 'write' || op === 'Write') writtenBytes += value
  }
  return { readBytes, writtenBytes }
}

/** Whether the text is a time. The engine uses year 1 for a measurement that has not happened. */
function isTime(text: string | undefined): text is string {
  return text !== undefined && text !== '' && !text.startsWith('0001-')
}

function toNanosecondsBetween(earlier: string | undefined, later: string | undefined): number {
  const [from, to] = [splitTime(earlier ?? ''), splitTime(later ?? '')]
  return (to.seconds - from.seconds) * 1e9 + (to.nanoseconds - from.nanoseconds)
}

/** Splits a time. The earlier time of a sample is the later one of the sample before it. */
function splitTime(text: string): SplitTime {
  if (text === lastTime.text) return lastTime
  const point = text.indexOf('.', secondLength)
  let end = point === -1 ? secondLength : point + 1
  while (point !== -1 && isDigit(text.charCodeAt(end))) end += 1
  const fraction = point === -1 ? '' : text.slice(point + 1, end)
  const seconds = Date.parse(text.slice(0, secondLength) + text.slice(end)) / 1000
  lastTime = { text, seconds, nanoseconds: Number(fraction.padEnd(9, '0')) }
  return lastTime
}

function isDigit(charCode: number): boolean {
  return charCode >= 48 && charCode <= 57
}

function toDate({ seconds, nanoseconds }: SplitTime): Date {
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6))
}

interface SplitTime {
  readonly text: string
  readonly seconds: number
  readonly nanoseconds: number
}

/** The length of `2026-01-01T00:00:00`. */
const secondLength = 19

let lastTime: SplitTime = { text: '', seconds: Number.NaN, nanoseconds: 0 }
