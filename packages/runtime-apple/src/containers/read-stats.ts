import { type ContainerSample, isHostError } from '@capstan/core'
import { createHostError, delay, type StreamCall } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { type JsonReader, readList } from '../cli/json-reader.js'
import { findContainer, findContainerIfPresent, toContainerState } from './queries/find-container.js'

/**
 * Measures a container twice, because the command prints the CPU time so far and no share.
 *
 * Rejects with NOT_RUNNING and CONTAINER_NOT_FOUND.
 */
export async function readSample(context: AppleRuntimeContext, call: StreamCall): Promise<ContainerSample> {
  for await (const sample of watchSamples(context, call)) return sample
  throw await createNotRunning(context, call)
}

/**
 * Yields a sample for each run of the command after the first one, until the container stops or is removed. Runs it at most once
 * each second, because a release may answer faster than in the two seconds for which 1.2 measures.
 */
export async function* watchSamples(
  context: AppleRuntimeContext,
  call: StreamCall,
): AsyncGenerator<ContainerSample, void> {
  const { state } = await findContainer(context, call.subject, call)
  let begun = performance.now()
  let previous = state === 'running' ? await measure(context, call) : undefined
  if (previous === undefined) throw await createNotRunning(context, call)
  for (;;) {
    await delay(Math.max(intervalMs - (performance.now() - begun), 0), call)
    begun = performance.now()
    const measured = await measure(context, call)
    if (measured === undefined) return
    yield toSample(measured, previous)
    previous = measured
  }
}

const intervalMs = 1000

/** What one run of the command prints, with its time, which is not printed. */
interface Measurement extends Pick<ContainerSample, 'at' | 'memory' | 'network' | 'blocks' | 'pids'> {
  readonly usedNs: number
}

/** Runs the command. Resolves with `undefined` for a container that does not run. */
async function measure(context: AppleRuntimeContext, call: StreamCall): Promise<Measurement | undefined> {
  const { operation, subject } = call
  try {
    const { stdout } = await context.run(['stats', '--format', 'json', '--no-stream', subject], call)
    const at = new Date()
    const entry = readList(operation, stdout).find((listed) => listed.maybeText('id') === subject)
    if (entry !== undefined) return toMeasurement(entry, at)
  } catch (error) {
    if (!isHostError(error, 'CONTAINER_NOT_FOUND') && !isHostError(error, 'NOT_RUNNING')) throw error
  }
  const found = await findContainerIfPresent(context, subject, call)
  if (found?.state !== 'running') return undefined
  const reason = 'the command prints no statistics of the container, although it runs'
  throw createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}

/** Each number is optional. Without the first two there is no sample: PROTOCOL_ERROR. */
function toMeasurement(entry: JsonReader, at: Date): Measurement {
  const pair = (first: string, second: string) => {
    const [one, other] = [entry.maybeNumber(first), entry.maybeNumber(second)]
    return one === undefined || other === undefined ? undefined : ([one, other] as const)
  }
  const network = pair('networkRxBytes', 'networkTxBytes')
  const blocks = pair('blockReadBytes', 'blockWriteBytes')
  return {
    at,
    usedNs: entry.number('cpuUsageUsec') * 1000,
    memory: { usedBytes: entry.number('memoryUsageBytes'), limitBytes: entry.maybeNumber('memoryLimitBytes') },
    network: network && { receivedBytes: network[0], sentBytes: network[1] },
    blocks: blocks && { readBytes: blocks[0], writtenBytes: blocks[1] },
    pids: entry.maybeNumber('numProcesses'),
  }
}

function toSample({ usedNs, ...measured }: Measurement, previous: Measurement): ContainerSample {
  const elapsedNs = (measured.at.getTime() - previous.at.getTime()) * 1e6
  const share = elapsedNs > 0 ? Math.max(0, usedNs - previous.usedNs) / elapsedNs : 0
  return { ...measured, cpu: { usedNs, share } }
}

/** Creates NOT_RUNNING with the state of the container. Rejects with CONTAINER_NOT_FOUND if it was removed. */
async function createNotRunning(context: AppleRuntimeContext, call: StreamCall): Promise<unknown> {
  const id = call.subject
  return createHostError('NOT_RUNNING', {
    id,
    state: toContainerState(context, await findContainer(context, id, call)),
  })
}
