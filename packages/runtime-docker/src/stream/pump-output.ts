import type { Writable } from 'node:stream'
import type { UpgradedConnection } from '../docker-engine.js'
import { FrameParser } from './frame-parser.js'

/**
 * Copies the output of a process to the caller's streams until it ends, no faster than they take it. A stream that is
 * not given is dropped, so that it does not hold the other one up.
 *
 * Rejects with the raw error of the connection, or with one that says which stream of the caller failed.
 */
export async function pumpOutput({ socket, head }: UpgradedConnection, options: PumpOptions): Promise<void> {
  const { isTerminal, stdout, stderr } = options
  const full = new Set<Writable>()
  const write = (destination: Writable | undefined, bytes: Buffer) => {
    if (destination === undefined) return
    if (destination.destroyed || destination.writableEnded) throw new DestinationError(destination.errored)
    if (!destination.write(bytes)) full.add(destination)
  }
  const parser = new FrameParser((source, bytes) => write(source === 'stdout' ? stdout : stderr, bytes))
  const push = isTerminal ? (chunk: Buffer) => write(stdout, chunk) : (chunk: Buffer) => parser.push(chunk)
  const guard = guardDestinations([stdout, stderr])
  try {
    if (head.length > 0) push(head)
    await drain(full, options)
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      push(chunk)
      if (full.size > 0) await drain(full, options)
    }
    parser.end()
    guard.throwIfFailed()
  } finally {
    guard.release()
  }
}

export interface PumpOptions {
  readonly isTerminal: boolean
  readonly stdout: Writable | undefined
  readonly stderr: Writable | undefined
  readonly signal: AbortSignal | undefined
}

/** The caller's own stream failed: not the engine's fault. */
class DestinationError extends Error {
  constructor(cause: unknown) {
    super(`the stream for the output has failed${cause instanceof Error ? `: ${cause.message}` : ' or is closed'}`, {
      cause,
    })
  }
}

/** Waits for those that have taken more than they can hold. */
async function drain(full: Set<Writable>, { signal }: PumpOptions): Promise<void> {
  for (const destination of full) {
    full.delete(destination)
    await waitForDrain(destination, signal)
  }
}

function waitForDrain(destination: Writable, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!destination.writableNeedDrain) return resolve()
    const settle = (how: () => void) => () => {
      destination.off('drain', drained).off('close', closed)
      signal?.removeEventListener('abort', aborted)
      how()
    }
    const drained = settle(resolve)
    const closed = settle(() => reject(new DestinationError(destination.errored)))
    const aborted = settle(() => reject(signal?.reason))
    destination.once('drain', drained).once('close', closed)
    signal?.addEventListener('abort', aborted, { once: true })
  })
}

/** Hears the errors of borrowed streams: they would end the process, which is not for us to let happen. */
function guardDestinations(destinations: readonly (Writable | undefined)[]) {
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
  }
  const given = destinations.filter((destination) => destination !== undefined)
  for (const destination of given) destination.on('error', fail)
  return {
    throwIfFailed() {
      if (failure !== undefined) throw new DestinationError(failure.error)
    },
    release() {
      for (const destination of given) destination.off('error', fail)
    },
  }
}
