import type { OperationOptions, Runtime } from '@capstan/core'

/** Reads the last lines of the log of a container. Empty where it cannot be read. */
export async function readLastLines(
  runtime: Runtime,
  id: string,
  options: OperationOptions,
): Promise<readonly string[]> {
  try {
    const chunks: Uint8Array[] = []
    await using log = await runtime.containerLogs(id, { ...options, tailLines: lastLineCount })
    for await (const { bytes } of log) chunks.push(bytes)
    const lines = Buffer.concat(chunks).toString().trimEnd().split(/\r?\n/)
    return lines.filter((line, index) => index > 0 || line !== '').slice(-lastLineCount)
  } catch {
    options.signal?.throwIfAborted()
    return []
  }
}

const lastLineCount = 20
