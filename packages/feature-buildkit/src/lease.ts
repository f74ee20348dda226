import { createInterface } from 'node:readline'
import { createHostError, type ExecProcess, type OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from './buildkit-managers.js'
import { openSession } from './open-session.js'
import { toLeaseCommand } from './scripts.js'
import { untilAborted } from './until-aborted.js'

/** The right to use a sidecar: it runs at least as long as somebody holds one. */
export interface Lease {
  /** Resolves with `last` when the sidecar stops because of it, with `shared` where others go on. */
  release(): Promise<'last' | 'shared'>
}

/**
 * Takes a lease; a sidecar that is about to end has none to give: NOT_RUNNING or CONTAINER_NOT_FOUND.
 *
 * It is an attached process in the sidecar, so the end of this process, however it ends, gives it back.
 */
export async function takeLease(
  { execs }: BuildKitManagers,
  id: string,
  { graceMs, signal }: OperationOptions & { readonly graceMs: number },
): Promise<Lease> {
  const process = await openSession(execs, id, { command: toLeaseCommand(graceMs / 1000), signal })
  process.stderr.resume()
  const words = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  try {
    const { value } = await untilAborted(words.next(), signal)
    if (value !== 'held') throw createHostError('NOT_RUNNING', { id, state: 'stopping' })
  } catch (error) {
    await process[Symbol.asyncDispose]() // which ends its stdin: what it may hold is given back
    throw error
  }
  return { release: () => release(process, words) }
}

async function release(process: ExecProcess, words: AsyncIterator<string, unknown>): Promise<'last' | 'shared'> {
  process.stdin.end()
  const timer = setTimeout(() => void process[Symbol.asyncDispose](), releaseTimeoutMs)
  try {
    // A sidecar that is gone says nothing.
    const { value } = await words.next()
    return value === 'shared' ? 'shared' : 'last'
  } catch {
    return 'last'
  } finally {
    clearTimeout(timer)
    await process[Symbol.asyncDispose]()
  }
}

const releaseTimeoutMs = 20_000
