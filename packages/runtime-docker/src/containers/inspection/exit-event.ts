import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { type JsonObject, readJsonLines, toObject, toText } from '../../engine/streams/json-lines.js'
import { streamBody } from '../../engine/streams/stream-body.js'

/** Finds the exit code in the engine's events since a time; `undefined` when there is no exit event. */
export async function findExitEventCode(
  engine: DockerEngine,
  { since, ...call }: ExitEventCall,
): Promise<number | undefined> {
  if (since === undefined) return undefined
  // The answer ends at `until`, which is one second ahead because the engine's clock is known in whole seconds.
  const now = await readClock(engine, call)
  const filters = {
    type: ['container'],
    event: ['die'],
    container: [engine.containers.toEngineId(call.subject)],
  }
  const query = { since: since - 1, until: (now ?? since) + 1, filters }
  const response = await engine.send({
    ...call,
    method: 'GET',
    path: '/events',
    query,
    timeoutMs: engine.timeouts.answerMs,
  })
  let code: number | undefined
  for await (const event of readJsonLines(streamBody(engine, response, call), call.operation)) {
    code = readCode(event) ?? code
  }
  return code
}

type ExitEventCall = EngineCall & { readonly since: number | undefined }

async function readClock(engine: DockerEngine, call: EngineCall): Promise<number | undefined> {
  const response = await engine.send({
    ...call,
    method: 'GET',
    path: '/_ping',
    unversioned: true,
    timeoutMs: engine.timeouts.answerMs,
  })
  response.resume()
  const time = Date.parse(response.headers.date ?? '')
  return Number.isNaN(time) ? undefined : time / 1000
}

function readCode({ Actor }: JsonObject): number | undefined {
  const code = toText(toObject(toObject(Actor).Attributes).exitCode)
  return code !== undefined && /^\d+$/.test(code) ? Number(code) : undefined
}
