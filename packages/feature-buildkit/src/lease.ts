import { createInterface } from 'node:readline'
import { createHostError, type ExecProcess, type OperationOptions, untilAborted } from '@capstan/core'
import type { BuildKitManagers } from './buildkit-managers.js'
import { keepLastWords } from './last-words.js'
import { openSession } from './open-session.js'
import { endingCode, toLeaseCommand } from './scripts.js'

/** The right to use a sidecar: it runs at least as long as somebody holds one. */
export interface Lease {
  /** Resolves with `last` when the sidecar stops because of it, with `shared` where others go on, else with `unknown`. */
  release(): Promise<LeaseEnd>
}

export type LeaseEnd = 'last' | 'shared' | 'unknown'

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
  const complaint = keepLastWords(process.stderr)
  const words = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  try {
    const { value } = await untilAborted(words.next(), signal)
    if (value !== 'held') throw toRefusal(id, await untilAborted(process.exitCode, signal), complaint())
  } catch (error) {
    await process[Symbol.asyncDispose]() // which ends its stdin: what it may hold is given back
    throw error
  }
  return { release: () => release(process, words) }
}

function toRefusal(id: string, exitCode: number, complaint: string): Error {
  if (exitCode === endingCode) return createHostError('NOT_RUNNING', { id, state: 'stopping' })
  return createHostError('OPERATION_FAILED', {
    operation: 'take a lease of BuildKit',
    subject: `container "${id}"`,
    status: exitCode,
    reason: complaint === '' ? `it ended with exit code ${exitCode}` : complaint,
  })
}

async function release(process: ExecProcess, words: AsyncIterator<string, unknown>): Promise<LeaseEnd> {
  process.stdin.end()
  const timer = setTimeout(() => void process[Symbol.asyncDispose](), releaseTimeoutMs)
  try {
    const { value } = await words.next()
    return value === 'last' || value === 'shared' ? value : 'unknown'
  } catch {
    return 'unknown' // a sidecar that is gone says nothing
  } finally {
    clearTimeout(timer)
    await process[Symbol.asyncDispose]()
  }
}

const releaseTimeoutMs = 20_000
