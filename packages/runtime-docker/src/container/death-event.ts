import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { readBody } from '../transport/read-body.js'

/** The exit code by which the engine remembers that the container died since then; `undefined` when it does not. */
export async function findDeathCode(engine: DockerEngine, { since, ...call }: DeathCall): Promise<number | undefined> {
  if (since === undefined) return undefined
  // `until` lies a second ahead, since the engine's clock is known by the second: the answer ends then.
  const now = await readClock(engine, call)
  const filters = { type: ['container'], event: ['die'], container: [call.subject] }
  const query = { since: since - 1, until: (now ?? since) + 1, filters }
  const response = await engine.send({ ...call, method: 'GET', path: '/events', query, timeoutMs: headersMs })
  const lines = (await readBody(response).catch((cause) => Promise.reject(engine.translate(cause, call)))).split('\n')
  return lines.flatMap(readCode).at(-1)
}

type DeathCall = EngineCall & { readonly since: number | undefined }

async function readClock(engine: DockerEngine, call: EngineCall): Promise<number | undefined> {
  const response = await engine.send({
    ...call,
    method: 'GET',
    path: '/_ping',
    unversioned: true,
    timeoutMs: headersMs,
  })
  response.resume()
  const time = Date.parse(response.headers.date ?? '')
  return Number.isNaN(time) ? undefined : time / 1000
}

function readCode(line: string): readonly number[] {
  if (line.trim() === '') return []
  const event: unknown = JSON.parse(line)
  const code = readField(readField(readField(event, 'Actor'), 'Attributes'), 'exitCode')
  return typeof code === 'string' && /^\d+$/.test(code) ? [Number(code)] : []
}

function readField(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? value[key as keyof typeof value] : undefined
}

const headersMs = 10_000
