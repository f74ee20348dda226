import type { DockerDetails } from '../src/engine/docker-details.js'
import type { ConnectedEngine } from './connect-engine.js'
import { type FakeHandler, type FakeRequest, startFakeEngine } from './fake/fake-docker-engine.js'

/** `GET /images/x/json` → the answer; the first match applies. `*` matches any part of a path. */
export type Script = readonly (readonly [pattern: string, answer: FakeHandler])[]

export interface ScriptedEngine extends ConnectedEngine {
  readonly seen: readonly FakeRequest[]
  /** The received requests, as `METHOD /path`. */
  readonly log: () => readonly string[]
  /** The number of open connections of the engine. */
  readonly countConnections: () => number
}

/** Starts the fake engine with scripted answers. Other requests get its own answers. */
export async function startScriptedEngine(
  script: Script,
  changes: Partial<DockerDetails> = {},
): Promise<ScriptedEngine> {
  const { fake, ...connected } = await startFakeEngine(changes)
  for (const [pattern, answer] of script.toReversed()) fake.override(pattern, answer)
  return { ...connected, seen: fake.requests, log: () => fake.log(), countConnections: () => fake.sockets.size }
}

/** Answers with a JSON body. */
export function json(status: number, body: unknown): FakeHandler {
  return (reply) => reply.json(status, body)
}

export function refusal(status: number, message: string): FakeHandler {
  return (reply) => reply.refuse(status, message)
}

/** Answers without a body. */
export function empty(status = 204): FakeHandler {
  return (reply) => reply.raw(status, '')
}

/** Answers with status 200 and a stream of these chunks, followed by its end, a lost connection, or silence. */
export function stream(pieces: readonly (string | Uint8Array)[], then: 'end' | 'cut' | 'silence' = 'end'): FakeHandler {
  return (reply) => {
    const response = reply.open()
    for (const piece of pieces) response.write(piece)
    if (then === 'end') response.end()
    // The chunks must arrive before the connection is closed.
    if (then === 'cut') response.write('', () => setImmediate(() => response.destroy()))
  }
}

/** Gives one answer after the other, and repeats the last one. */
export function inTurn(...answers: readonly FakeHandler[]): FakeHandler {
  let turn = 0
  return (reply, request) => {
    answers[Math.min(turn, answers.length - 1)]?.(reply, request)
    turn += 1
  }
}

/** Never answers. */
export const silence: FakeHandler = () => {}
