import type { ContainerSample } from '@capstan/core'
import { createHostError, delay } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import { JsonLineParser } from '../../engine/streams/json-lines.js'
import { toConnectionLost } from '../../engine/streams/lost-connection.js'
import { readChunks } from '../../engine/streams/read-chunks.js'
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
export function watchSamples(engine: DockerEngine, call: EngineCall): AsyncGenerator<ContainerSample, void> {
  return engine.details.quirks.streamsStatsSlowly ? pollSamples(engine, call) : streamSamples(engine, call)
}

async function* streamSamples(engine: DockerEngine, call: EngineCall): AsyncGenerator<ContainerSample, void> {
  const { answerMs: timeoutMs } = engine.timeouts
  const { quirks } = engine.details
  const limit = call.hasCallerSignal ? {} : { timeoutMs, timeoutOption: 'timeouts.answerMs' }
  const request = { ...call, ...limit, method: 'GET', path: toPath(call), query: { stream: true } } as const
  const response = await engine.send(request)
  const answers: EngineSample[] = []
  const parser = new JsonLineParser(call.operation, (answer) => answers.push(answer))
  let previous: EngineSample | undefined
  try {
    for await (const bytes of readChunks(response, call.signal)) {
      parser.push(bytes)
      for (const answer of answers.splice(0)) {
        if (!isMeasured(answer)) {
          if (previous === undefined) throw await createNotRunning(engine, call)
          return // the engine continues to answer without values until the container is removed
        }
        const sample = toSample(answer, { quirks, previous })
        previous = answer
        if (sample !== undefined) yield sample
      }
    }
  } catch (cause) {
    throw engine.translate(cause, call)
  } finally {
    response.destroy()
  }
  if (await isStillRunning(engine, call)) throw toConnectionLost(engine)
}

async function* pollSamples(engine: DockerEngine, call: EngineCall): AsyncGenerator<ContainerSample, void> {
  const { quirks } = engine.details
  let previous = await requestSample(engine, call)
  for (;;) {
    await delay(intervalMs, call)
    const answer = await ignoreErrors(['NOT_RUNNING', 'CONTAINER_NOT_FOUND'], requestSample(engine, call))
    if (answer === undefined) return
    const sample = toSample(answer, { quirks, previous })
    previous = answer
    if (sample !== undefined) yield sample
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
