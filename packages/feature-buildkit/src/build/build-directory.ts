import { createInterface } from 'node:readline'
import { createHostError, type ExecProcess, untilAborted } from '@capstan/core'
import { keepLastWords } from '../last-words.js'
import { openSession } from '../open-session.js'
import { timeLimit } from '../pause.js'
import { runExec } from '../run-exec.js'
import type { WriteTarget } from '../write-file.js'
import { toDirectoryCommand, toRemovalCommand } from './build-directory-script.js'
import { createLostError } from './follow-build.js'

/** The directory of one build in the sidecar, with all that the build has there. */
export interface BuildDirectory {
  /** Rejects with CONNECTION_LOST when the sidecar removes it before it is released; never resolves. */
  readonly lost: Promise<never>
  /** Removes it. Never rejects: a sidecar that is gone has no such directory. */
  release(): Promise<void>
}

/**
 * Makes the directory; OPERATION_FAILED where it cannot be made.
 *
 * A process in the sidecar holds it, and removes it when its stdin ends: the end of this process, also by SIGKILL, removes
 * it, though nothing is said to the sidecar.
 */
export async function openBuildDirectory(target: WriteTarget, path: string): Promise<BuildDirectory> {
  const { execs, id, signal } = target
  const process = await openSession(execs, id, { command: toDirectoryCommand(path), signal })
  const complaint = keepLastWords(process.stderr)
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  try {
    const { value } = await untilAborted(lines.next(), signal)
    if (value !== 'ready') throw toRefusal(await untilAborted(process.exitCode, signal), complaint())
  } catch (error) {
    await process[Symbol.asyncDispose]() // which ends its stdin
    throw error
  }
  let isReleased = false
  const lost = new Promise<never>((_, reject) => {
    const end = () => {
      if (!isReleased) reject(createLostError(id))
    }
    process.exitCode.then(end, end)
  })
  lost.catch(() => {}) // it may be lost before anybody looks
  return {
    lost,
    release: () => {
      isReleased = true
      return release(target, process, path)
    },
  }
}

function toRefusal(exitCode: number, complaint: string): Error {
  const reason = complaint === '' ? `it ended with exit code ${exitCode}` : complaint
  const facts = { operation: 'make', subject: 'the directory of the build', status: exitCode, reason }
  return createHostError('OPERATION_FAILED', facts)
}

async function release({ execs, id }: WriteTarget, process: ExecProcess, path: string): Promise<void> {
  process.stdin.end()
  const exitCode = await Promise.race([process.exitCode.catch(() => undefined), timeLimit(removalMs)])
  await process[Symbol.asyncDispose]()
  if (exitCode === 0) return
  const signal = AbortSignal.timeout(removalMs)
  await runExec(execs, id, { command: toRemovalCommand(path), signal }).catch(() => {})
}

const removalMs = 10_000
