import { createInterface } from 'node:readline'
import type { ExecManager, ExecProcess, OperationOptions } from '@capstan/core'
import { createHostError, untilAborted } from '@capstan/core/plugin'
import { startExec } from '../container/exec.js'
import { readStderrTail } from '../container/stderr-tail.js'
import { stoppingExitCode, toLeaseCommand } from './lease-scripts.js'

/** The right to use a sidecar. The sidecar runs while there is at least one lease. */
export interface Lease {
  /**
   * Resolves with `last` if the sidecar stops, `shared` if there are other leases or the sidecar is pinned, and `unknown` if
   * another process stopped the daemon or there was no answer.
   */
  release(): Promise<LeaseEnd>
}

export type LeaseEnd = 'last' | 'shared' | 'unknown'

/**
 * Acquires a lease by a process in the sidecar. That process releases the lease when its stdin ends, also because the calling
 * process was killed.
 *
 * @throws HostError NOT_RUNNING or CONTAINER_NOT_FOUND when the sidecar is about to end or has ended, OPERATION_FAILED when the
 * lease cannot be created.
 */
export async function acquireLease(
  execs: ExecManager,
  id: string,
  { graceMs, signal }: OperationOptions & { readonly graceMs: number },
): Promise<Lease> {
  const process = await startExec(execs, id, { command: toLeaseCommand(graceMs / 1000), signal })
  const stderrTail = readStderrTail(process.stderr)
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  try {
    const { value } = await untilAborted(lines.next(), signal)
    if (value !== 'held') throw toLeaseError(id, await untilAborted(process.exitCode, signal), stderrTail())
  } catch (error) {
    await process[Symbol.asyncDispose]() // ends stdin, which releases a lease that may have been acquired
    throw error
  }
  return { release: () => release(process, { lines, timeoutMs: graceMs + releaseTimeoutMs }) }
}

function toLeaseError(id: string, exitCode: number, stderrTail: string): Error {
  if (exitCode === stoppingExitCode) return createHostError('NOT_RUNNING', { id, state: 'stopping' })
  const reason = stderrTail === '' ? `the lease process exited with code ${exitCode}` : stderrTail
  const facts = { operation: 'acquire a lease of BuildKit', subject: `container "${id}"`, status: exitCode, reason }
  return createHostError('OPERATION_FAILED', facts)
}

async function release(
  process: ExecProcess,
  { lines, timeoutMs }: { readonly lines: AsyncIterator<string, unknown>; readonly timeoutMs: number },
): Promise<LeaseEnd> {
  process.stdin.end()
  const timer = setTimeout(() => void process[Symbol.asyncDispose](), timeoutMs)
  try {
    const { value } = await lines.next()
    return value === 'last' || value === 'shared' ? value : 'unknown'
  } catch {
    return 'unknown' // the sidecar has ended
  } finally {
    clearTimeout(timer)
    await process[Symbol.asyncDispose]()
  }
}

/** The limit for the answer of the lease process after the grace period. */
const releaseTimeoutMs = 20_000
