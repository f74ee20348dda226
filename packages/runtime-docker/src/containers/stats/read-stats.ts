import { type ContainerSample, isHostError } from '@capstan/core'
import { createHostError, delay } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { readJsonLines } from '../../engine/streams/json-lines.js'
import { toConnectionLost } from '../../engine/streams/lost-connection.js'
import { streamBody } from '../../engine/streams/stream-body.js'
import { toContainerState } from '../inspection/convert-container.js'
import { inspectContainer, isStillRunning } from '../inspection/inspect-container.js'
import { type EngineSample, isMeasured, toSample } from './convert-sample.js'

/**
 * Requests one sample. An engine that has no earlier measurement in its answer is asked again after a second.
 *
 * Rejects with NOT_RUNNING and CONTAINER_NOT_FOUND.
 */
export async function readSample(engine: DockerEngine, call: EngineCall): Promise<ContainerSample> {
  const { quirks } = engine.details
  const first = await requestSample(engine, call)
  const sample = toSample(first, { quirks })
  if (sample !== undefined) return sample
  await delay(intervalMs, call)
  const next = toSample(await requestSample(engine, call), { quirks, previous: first })
  if (next !== undefined) return next
  throw createHostError('OPERATION_FAILED', noTimesFacts(call))
}

/** Yields a sample each second until the container stops or is removed. */
export async function* watchSamples(engine: DockerEngine, call: EngineCall): AsyncGenerator<ContainerSample, void> {
  const { quirks } = engine.details
  let previous: EngineSample | undefined
  const samples = quirks.streamsStatsSlowly ? pollSamples(engine, call) : streamSamples(engine, call)
  for await (const answer of samples) {
    const sample = toSample(answer, { quirks, previous })
    previous = answer
    if (sample !== undefined) yield sample
  }
}

async function* streamSamples(engine: DockerEngine, call: EngineCall): AsyncGenerator<EngineSample, void> {
  const { answerMs: timeoutMs } = engine.timeouts
  const limit = call.hasCallerSignal ? {} : { timeoutMs, timeoutOption: 'timeouts.answerMs' }
  const path = toPath(call)
  const response = await engine.send({ ...call, ...limit, method: 'GET', path, query: { stream: true } })
  let isFirst = true
  try {
    for await (const answer of readJsonLines(streamBody(engine, response, call), call.operation)) {
      if (isMeasured(answer)) yield answer
      else if (isFirst) throw await createNotRunning(engine, call)
      else return // the engine continues to answer without values until the container is removed
      isFirst = false
    }
  } finally {
    response.destroy()
  }
  if (await isStillRunning(engine, call)) throw toConnectionLost(engine)
}

async function* pollSamples(engine: DockerEngine, call: EngineCall): AsyncGenerator<EngineSample, void> {
  yield await requestSample(engine, call)
  try {
    for (;;) {
      await delay(intervalMs, call)
      yield await requestSample(engine, call)
    }
  } catch (error) {
    if (!isHostError(error, 'NOT_RUNNING') && !isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
  }
}

async function requestSample(engine: DockerEngine, call: EngineCall): Promise<EngineSample> {
  const answer = await engine.sendJson<EngineSample | undefined>({
    ...call,
    method: 'GET',
    path: toPath(call),
    query: { stream: 'false' },
  })
  if (isMeasured(answer)) return answer
  throw await createNotRunning(engine, call)
}

/** Creates NOT_RUNNING with the state of the container. Rejects with CONTAINER_NOT_FOUND if it was removed. */
async function createNotRunning(engine: DockerEngine, call: EngineCall): Promise<unknown> {
  const { State } = await inspectContainer(engine, call)
  return createHostError('NOT_RUNNING', { id: call.subject, state: toContainerState(State?.Status) })
}

function toPath({ subject }: EngineCall): string {
  return `/containers/${subject}/stats`
}

function noTimesFacts({ operation, subject }: EngineCall) {
  const reason = 'the engine reports no time between two measurements'
  return { operation, subject: `container "${subject}"`, status: undefined, reason }
}

const intervalMs = 1000
