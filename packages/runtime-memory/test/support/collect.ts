import { Writable } from 'node:stream'
import type { LogChunk, LogStream, Runtime } from '@capstan/core'

/** Collects written data as text. */
export class Collector extends Writable {
  text = ''
  readonly #waiting: { readonly wanted: string; readonly resolve: () => void }[] = []

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += Buffer.from(chunk).toString()
    for (const { wanted, resolve } of this.#waiting) if (this.text.includes(wanted)) resolve()
    done()
  }

  /** Resolves when the collected text contains the given text. */
  until(wanted: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ wanted, resolve })
      if (this.text.includes(wanted)) resolve()
    })
  }
}

export async function readChunks(stream: LogStream): Promise<readonly LogChunk[]> {
  const chunks: LogChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

export async function readText(stream: LogStream): Promise<string> {
  return Buffer.concat((await readChunks(stream)).map(({ bytes }) => bytes)).toString()
}

/** Runs a container to its end and removes it. */
export async function runToEnd(runtime: Runtime, config: Parameters<Runtime['createContainer']>[0]) {
  const id = await runtime.createContainer(config)
  try {
    const stdout = new Collector()
    const stderr = new Collector()
    const exitCode = await runtime.startAttached(id, { stdout, stderr })
    return { exitCode, stdout: stdout.text, stderr: stderr.text }
  } finally {
    await runtime.removeContainer(id)
  }
}

/** Runs a shell script in the default image. */
export async function runShell(runtime: Runtime, script: string, ...words: readonly string[]) {
  return await runToEnd(runtime, { image: 'busybox', command: ['sh', '-c', script, 'sh', ...words] })
}
