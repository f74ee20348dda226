import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { ExecProcess } from '@capstan/core'
import { createHostError, delay, untilAborted } from '@capstan/core/plugin'
import { runExec, startExec } from '../container/exec.js'
import { readStderrTail } from '../container/stderr-tail.js'
import type { WriteTarget } from '../container/write-file.js'
import { toDirectoryCommand, toRemovalCommand } from './build-directory-script.js'
import { createConnectionLostError } from './build-failure.js'

/** The directory of one build in the sidecar. It contains all files of the build. */
export interface BuildDirectory {
  /** New modification times, in seconds since 1970, keyed by the line number of the file in `list`, starting at 1. */
  readonly changedTimes: ReadonlyMap<number, number>
  /** Removes the directory. Never rejects: if the sidecar has ended, the directory no longer exists. */
  release(): Promise<void>
}

/**
 * Creates the directory. A process in the sidecar removes it when its stdin ends, so it is also removed when the process of
 * the caller is killed.
 *
 * @throws HostError OPERATION_FAILED when the directory cannot be created.
 */
export async function openBuildDirectory(target: WriteTarget, options: OpenDirectoryOptions): Promise<BuildDirectory> {
  const { execs, containerId, signal } = target
  const { path, stateDirectory, list, onRemovedEarly } = options
  const timesDirectory = `${stateDirectory}/capstan-file-times`
  const command = toDirectoryCommand({ directory: path, timesDirectory, listBytes: Buffer.byteLength(list) })
  const process = await startExec(execs, containerId, { command, signal })
  const stderrTail = readStderrTail(process.stderr)
  process.stdin.write(list)
  let changedTimes: ReadonlyMap<number, number> | undefined
  try {
    changedTimes = await untilAborted(readTimes(process.stdout), signal)
    if (changedTimes === undefined) throw toDirectoryError(await untilAborted(process.exitCode, signal), stderrTail())
  } catch (error) {
    await process[Symbol.asyncDispose]() // ends stdin, so the directory is removed
    throw error
  }
  let isReleased = false
  const onEnd = () => {
    if (!isReleased) onRemovedEarly(createConnectionLostError(containerId))
  }
  process.exitCode.then(onEnd, onEnd)
  return {
    changedTimes,
    release() {
      isReleased = true
      return release(target, process, path)
    },
  }
}

/** Options of {@link openBuildDirectory}. */
export interface OpenDirectoryOptions {
  readonly path: string
  /** The state directory of the daemon. The record of file times is kept there, because it must live as long as the cache. */
  readonly stateDirectory: string
  /** See `list` of `ContextFiles`. */
  readonly list: string
  /** Called with CONNECTION_LOST when the directory is removed before `release`. */
  readonly onRemovedEarly: (error: Error) => void
}

/** Resolves with `undefined` when the process ends before it prints `ready`. */
async function readTimes(stdout: Readable): Promise<ReadonlyMap<number, number> | undefined> {
  const times = new Map<number, number>()
  for await (const line of createInterface({ input: stdout })) {
    if (line === 'ready') return times
    const [number = '', second = ''] = line.split(' ')
    times.set(Number(number), Number(second))
  }
  return undefined
}

function toDirectoryError(exitCode: number, stderrTail: string): Error {
  const reason = stderrTail === '' ? `the shell that creates it exited with code ${exitCode}` : stderrTail
  const facts = { operation: 'create', subject: 'the directory of the build', status: exitCode, reason }
  return createHostError('OPERATION_FAILED', facts)
}

async function release({ execs, containerId }: WriteTarget, process: ExecProcess, path: string): Promise<void> {
  process.stdin.end()
  const exitCode = await Promise.race([process.exitCode.catch(() => undefined), delay(removalMs, { ref: false })])
  await process[Symbol.asyncDispose]()
  if (exitCode === 0) return
  const signal = AbortSignal.timeout(removalMs)
  await runExec(execs, containerId, { command: toRemovalCommand(path), signal }).catch(() => {})
}

const removalMs = 10_000
