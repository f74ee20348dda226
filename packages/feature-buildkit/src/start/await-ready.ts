import { createHostError, type OperationOptions, type ProgressEvent } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { runExec } from '../run-exec.js'
import { toWaitCommand } from '../scripts.js'
import type { DaemonWatch } from './daemon-watch.js'

/**
 * Resolves when BuildKit has answered a call: one command that waits in the sidecar for the socket, and asks then.
 *
 * A sidecar that ends is OPERATION_FAILED at once, with exit code and last lines; no answer in time is TIMED_OUT.
 */
export async function awaitReady(managers: BuildKitManagers, id: string, options: ReadyOptions): Promise<void> {
  const { watch, timeoutMs, onProgress, signal } = options
  const own = new AbortController()
  const abort = () => own.abort(signal?.reason)
  signal?.throwIfAborted()
  signal?.addEventListener('abort', abort, { once: true })
  const startedAt = Date.now()
  const tick = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    onProgress?.({ id: 'buildkit', status: `waiting for BuildKit to answer, ${seconds} s` })
  }, 1000)
  const expire = setTimeout(() => own.abort(tooLate), timeoutMs)
  try {
    await Promise.race([ask(managers, id, own.signal), failAtEnd(watch, id), rejectAtAbort(own.signal)])
  } catch (error) {
    signal?.throwIfAborted()
    if (error !== tooLate) throw (await watch.hasEnded()) ? await toEndedError(watch, id) : error
    const lastLines = await watch.lastLines()
    throw createHostError('TIMED_OUT', { operation: 'start BuildKit', phase: 'ready', timeoutMs, lastLines })
  } finally {
    clearInterval(tick)
    clearTimeout(expire)
    signal?.removeEventListener('abort', abort)
    own.abort()
  }
}

export interface ReadyOptions extends OperationOptions {
  readonly watch: DaemonWatch
  readonly timeoutMs: number
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined
}

/** Fails for what will not change; what only says that the daemon is not there yet is asked again. */
async function ask({ execs }: BuildKitManagers, id: string, signal: AbortSignal): Promise<void> {
  const command = toWaitCommand(['buildctl', 'debug', 'workers'])
  for (;;) {
    const { exitCode, stderr } = await runExec(execs, id, { command, signal })
    if (exitCode === 0) return
    if (!notReady.test(stderr)) throw toFailure(id, `buildctl ended with exit code ${exitCode}: ${stderr.trim()}`)
    await new Promise((resolve) => setTimeout(resolve, betweenMs))
    signal.throwIfAborted()
  }
}

async function failAtEnd(watch: DaemonWatch, id: string): Promise<never> {
  await watch.ended
  throw await toEndedError(watch, id)
}

/** A daemon that ended while it was waited for. */
export async function toEndedError(watch: DaemonWatch, id: string): Promise<Error> {
  const exitCode = await watch.ended
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  const lines = await watch.lastLines()
  const words = lines.length === 0 ? '; it wrote nothing' : `; its last lines:\n${lines.join('\n')}`
  return toFailure(id, `the sidecar ended${code} before BuildKit answered${words}`)
}

function toFailure(id: string, reason: string): Error {
  return createHostError('OPERATION_FAILED', {
    operation: 'start BuildKit',
    subject: `container "${id}"`,
    status: undefined,
    reason,
  })
}

function rejectAtAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

const tooLate = new Error('BuildKit did not answer in time')
const betweenMs = 50
/** The words of gRPC and of buildctl while nothing serves yet. */
const notReady = /error reading server preface|connection refused|no such file or directory|Unavailable/i
