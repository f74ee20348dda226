import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createHostError, type ExecProcess, untilAborted } from '@capstan/core'
import { keepLastWords } from '../last-words.js'
import { openSession } from '../open-session.js'
import { timeLimit } from '../pause.js'
import { runExec } from '../run-exec.js'
import type { WriteTarget } from '../write-file.js'
import { toDirectoryCommand, toRemovalCommand } from './build-directory-script.js'
import { createLostError } from './follow-build.js'

/** The directory of one build in the sidecar; it holds all files of the build. */
export interface BuildDirectory {
  /** The times that have to be changed: seconds since 1970 by the number of the file's line in the list, from 1. */
  readonly seconds: ReadonlyMap<number, number>
  /** Rejects with CONNECTION_LOST when the directory is removed before `release`; never resolves. */
  readonly lost: Promise<never>
  /** Removes the directory. Never rejects: in a sidecar that is gone there is no such directory. */
  release(): Promise<void>
}

/**
 * Makes the directory. A process in the sidecar removes it when its stdin ends, so it is also removed when the process of
 * the caller is killed.
 *
 * @throws HostError OPERATION_FAILED when the directory cannot be made.
 */
export async function openBuildDirectory(target: WriteTarget, place: DirectoryPlace): Promise<BuildDirectory> {
  const { execs, id, signal } = target
  const { path, stateDirectory, list } = place
  const timesDirectory = `${stateDirectory}/capstan-file-times`
  const command = toDirectoryCommand({ directory: path, timesDirectory, listBytes: Buffer.byteLength(list) })
  const process = await openSession(execs, id, { command, signal })
  const complaint = keepLastWords(process.stderr)
  process.stdin.write(list)
  let seconds: ReadonlyMap<number, number> | undefined
  try {
    seconds = await untilAborted(readAnswer(process.stdout), signal)
    if (seconds === undefined) throw toRefusal(await untilAborted(process.exitCode, signal), complaint())
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
  lost.catch(() => {}) // it may reject before it is awaited
  return {
    seconds,
    lost,
    release: () => {
      isReleased = true
      return release(target, process, path)
    },
  }
}

/** Where the directory is made, and for which files. */
export interface DirectoryPlace {
  readonly path: string
  /** The state directory of the daemon: the record of file times has the same lifetime as its cache. */
  readonly stateDirectory: string
  /** See `list` of `ContextFiles`. */
  readonly list: string
}

/** Resolves with `undefined` when the process ends before it prints `ready`. */
async function readAnswer(stdout: Readable): Promise<ReadonlyMap<number, number> | undefined> {
  const seconds = new Map<number, number>()
  for await (const line of createInterface({ input: stdout })) {
    if (line === 'ready') return seconds
    const [number = '', second = ''] = line.split(' ')
    seconds.set(Number(number), Number(second))
  }
  return undefined
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
