import { type Argv, type ExecManager, type ExecOptions, type ExecProcess, untilAborted } from '@capstan/core'

/** What a short command in the sidecar wrote, at most 16 MiB of each stream, and how it ended. */
export interface ExecResult {
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs a command to its end. Rejects as `exec` does; an exit code other than 0 is a result. */
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
    if (length < mostBytes) chunks.push(chunk)
    length += chunk.length
  }
  return Buffer.concat(chunks).subarray(0, mostBytes)
}

const mostBytes = 16 * 1024 * 1024
