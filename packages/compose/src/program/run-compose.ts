import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parse } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { OperationOptions } from '@capstan/core'

/** How Compose is run. */
export interface ComposeRun extends OperationOptions {
  readonly path: string
  readonly args: readonly string[]
  /** All variables of the process. */
  readonly env: Readonly<Record<string, string>>
  /** The text of its stdin. Default: none. */
  readonly input?: string | undefined
  /** Called with each line of its output. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

/** How Compose ended. */
export interface ComposeEnd {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs Compose to its end. An abort ends it and its children by SIGTERM, which it obeys within a second, and after 2 s by
 * SIGKILL; the call rejects with the reason when they have ended.
 *
 * When this process ends in any way, also by SIGKILL, Compose is killed, except on Windows. What the engine was asked to do before
 * is not undone by that.
 */
export async function runCompose({ path, args, env, input = '', signal, onLine }: ComposeRun): Promise<ComposeEnd> {
  signal?.throwIfAborted()
  // Without `--file`, Compose would read a file of the working directory.
  const cwd = parse(path).root
  const child =
    process.platform === 'win32'
      ? spawn(path, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
      : spawn('/bin/sh', ['-c', guard, 'sh', path, ...args], { env, cwd, stdio: [...pipes], detached: true })
  const kill = (name: 'SIGTERM' | 'SIGKILL') => {
    try {
      if (child.pid === undefined || process.platform === 'win32') child.kill(name)
      else process.kill(-child.pid, name)
    } catch {
      // It has ended.
    }
  }
  let killing: NodeJS.Timeout | undefined
  const abort = () => {
    kill('SIGTERM')
    killing = setTimeout(() => kill('SIGKILL'), killMs)
  }
  signal?.addEventListener('abort', abort, { once: true })
  const guardPipe = child.stdio[3]
  guardPipe?.on('error', () => {}) // the guard has ended
  child.once('exit', () => guardPipe?.destroy())
  child.stdin.on('error', () => {}) // it may end without reading its input
  child.stdin.end(input)
  try {
    const [[exitCode], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>, // the documented arguments of the event
      readLines(child.stdout, 'stdout', onLine),
      readLines(child.stderr, 'stderr', onLine),
    ])
    signal?.throwIfAborted()
    return { exitCode: exitCode ?? undefined, stdout, stderr }
  } finally {
    clearTimeout(killing)
    signal?.removeEventListener('abort', abort)
  }
}

async function readLines(output: Readable, stream: 'stdout' | 'stderr', onLine: ComposeRun['onLine']): Promise<string> {
  const lines: string[] = []
  for await (const line of createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })) {
    lines.push(line)
    onLine?.(line, stream)
  }
  return lines.join('\n')
}

/**
 * The process becomes Compose. A second one, of the same group, reads a pipe that the kernel closes when the calling process ends,
 * and then kills the group.
 */
const guard = `{ read -r line <&3; kill -s KILL -- "-$$"; } </dev/null >/dev/null 2>&1 &
exec "$@" 3<&-`

/** Of stdin, stdout, stderr and the guard. */
const pipes = ['pipe', 'pipe', 'pipe', 'pipe'] as const
const killMs = 2_000
