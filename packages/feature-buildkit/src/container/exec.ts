import type { ExecManager, ExecOptions, ExecProcess } from '@capstan/core'
import { type Argv, linkSignals, untilAborted } from '@capstan/core/plugin'

/** Starts a process in the container. The signal aborts the start only: the caller ends the running process itself. */
export async function startExec(
  execs: ExecManager,
  id: string,
  { command, signal, ...options }: ExecOptions & { readonly command: Argv },
): Promise<ExecProcess> {
  signal?.throwIfAborted()
  const linked = linkSignals([signal])
  try {
    const process = await execs.exec(id, command, { ...options, signal: linked.signal })
    process.exitCode.catch(() => {})
    process.stdin.on('error', () => {})
    return process
  } finally {
    linked.unlink()
  }
}

/** The exit code and the output of a short command, at most 16 MiB of each stream. */
export interface ExecResult {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a command to its end. Rejects as `exec` does; a nonzero exit code is a result, not an error. */
export async function runExec(
  execs: ExecManager,
  id: string,
  { command, ...options }: ExecOptions & { readonly command: Argv },
): Promise<ExecResult> {
  const process = await execs.exec(id, command, { stdin: false, ...options })
  try {
    return await untilAborted(collect(process), options.signal)
  } finally {
    await process[Symbol.asyncDispose]()
  }
}

async function collect({ stdout, stderr, exitCode }: ExecProcess): Promise<ExecResult> {
  exitCode.catch(() => {})
  const [out, err] = await Promise.all([readAll(stdout), readAll(stderr)])
  return { exitCode: await exitCode, stdout: out, stderr: err.toString() }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    if (length < maxBytes) chunks.push(chunk)
    length += chunk.length
  }
  return Buffer.concat(chunks).subarray(0, maxBytes)
}

const maxBytes = 16 * 1024 * 1024
