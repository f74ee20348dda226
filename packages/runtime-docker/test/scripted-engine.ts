import type { DockerDetails } from '../src/engine/docker-details.js'
import type { ConnectedEngine } from './connect-engine.js'
import { type FakeHandler, type FakeRequest, startFakeEngine } from './fake/fake-docker-engine.js'

/** `GET /images/x/json` → what is answered; the first that fits. `*` stands for any part of a path. */
export type Script = readonly (readonly [pattern: string, answer: FakeHandler])[]

export interface ScriptedEngine extends ConnectedEngine {
  readonly seen: readonly FakeRequest[]
  /** Requests that were seen, as `METHOD /path`. */
  readonly log: () => readonly string[]
  /** Connections that are open now, as the engine has it. */
  readonly countConnections: () => number
}

/** The fake engine with answers of a script; what is not in the script it answers itself. */
export async function startScriptedEngine(
  script: Script,
  changes: Partial<DockerDetails> = {},
): Promise<ScriptedEngine> {
  const { fake, ...connected } = await startFakeEngine(changes)
  for (const [pattern, answer] of script.toReversed()) fake.override(pattern, answer)
  return { ...connected, seen: fake.requests, log: () => fake.log(), countConnections: () => fake.sockets.size }
}

/** An answer with a JSON body. */
export function json(status: number, body: unknown): FakeHandler {
  return (reply) => reply.json(status, body)
}

export function refusal(status: number, message: string): FakeHandler {
  return (reply) => reply.refuse(status, message)
}

/** No body. */
export function empty(status = 204): FakeHandler {
  return (reply) => reply.raw(status, '')
}

/** A stream of these pieces with status 200, and then: its end, a cut, or silence. */
export function stream(pieces: readonly (string | Uint8Array)[], then: 'end' | 'cut' | 'silence' = 'end'): FakeHandler {
  return (reply) => {
    const response = reply.open()
    for (const piece of pieces) response.write(piece)
    if (then === 'end') response.end()
    // The pieces are to arrive before the connection goes.
    if (then === 'cut') response.write('', () => setImmediate(() => response.destroy()))
  }
}

/** One answer after the other; the last for all that come later. */
export function inTurn(...answers: readonly FakeHandler[]): FakeHandler {
  let turn = 0
  return (reply, request) => {
    answers[Math.min(turn, answers.length - 1)]?.(reply, request)
    turn += 1
  }
}

/** Never answers. */
export const silence: FakeHandler = () => {}
