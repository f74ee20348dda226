import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { asString, type JsonObject, toObject } from '../../engine/json-values.js'
import { parseDate, ping } from '../../engine/ping.js'
import { readJsonLines } from '../../engine/streams/json-lines.js'
import { streamBody } from '../../engine/streams/stream-body.js'

/** Finds the exit code in the engine's events since a time; `undefined` when there is no exit event. */
export async function findExitEventCode(
  engine: DockerEngine,
  { since, ...call }: ExitEventCall,
): Promise<number | undefined> {
  if (since === undefined) return undefined
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
  let code: number | undefined
  for await (const event of readJsonLines(streamBody(engine, response, call), call.operation)) {
    code = readCode(event) ?? code
  }
  return code
}

type ExitEventCall = EngineCall & { readonly since: number | undefined }

function readCode({ Actor }: JsonObject): number | undefined {
  const code = asString(toObject(toObject(Actor).Attributes).exitCode)
  return code !== undefined && /^\d+$/.test(code) ? Number(code) : undefined
}
