import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { asString, type JsonObject, toObject } from '../../engine/json-values.js'
import { parseDate, ping } from '../../engine/ping.js'
import { readJsonLines } from '../../engine/streams/json-lines.js'
import { streamBody } from '../../engine/streams/stream-body.js'

/** An exit by the engine's events. */
export interface ExitEvent {
  readonly exitCode: number
  /** By the engine's clock, in whole seconds. */
  readonly time: number
}

/**
 * Finds the exits of a container in the engine's events, in their order, from a second before `since`. The list is empty
 * without `since`.
 */
export async function findExitEvents(
  engine: DockerEngine,
  { since, ...call }: ExitEventCall,
): Promise<readonly ExitEvent[]> {
  if (since === undefined) return []
  const { answerMs: timeoutMs } = engine.timeouts
  // The answer ends at `until`, which is one second ahead because the engine's clock is known in whole seconds.
  const { date } = await ping(engine, { ...call, timeoutMs })
  const now = parseDate(date) ?? since
  const filters = {
    type: ['container'],
    event: ['die'],
    container: [engine.containers.toEngineId(call.subject)],
  }
  const query = { since: since - 1, until: now + 1, filters }
  const response = await engine.send({
    ...call,
    method: 'GET',
    path: '/events',
    query,
    timeoutMs,
  })
  const exits: ExitEvent[] = []
  for await (const event of readJsonLines(streamBody(engine, response, call), call.operation)) {
    const exitCode = readCode(event)
    if (exitCode !== undefined) exits.push({ exitCode, time: Number(event.time) })
  }
  return exits
}

interface ExitEventCall extends EngineCall {
  /** By the engine's clock, in seconds. */
  readonly since: number | undefined
}

function readCode({ Actor }: JsonObject): number | undefined {
  const code = asString(toObject(toObject(Actor).Attributes).exitCode)
  return code !== undefined && /^\d+$/.test(code) ? Number(code) : undefined
}
