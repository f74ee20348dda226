import { Readable, type Writable } from 'node:stream'
import type { MemoryFiles } from '../memory-program.js'
import { createProcessOutput } from '../processes/process-output.js'
import type { ProcessStreams } from '../processes/simulated-process.js'
import type { ShellRedirect } from './shell-script.js'

/** The streams of one command after its redirects. */
export interface RedirectedStreams {
  readonly streams: ProcessStreams
  /** Writes the output to the files. */
  finish(): Promise<void>
}

/** Applies redirects in order. Rejects when a file cannot be read or written. */
export async function openRedirects(
  files: MemoryFiles,
  base: ProcessStreams,
  redirects: readonly ShellRedirect[],
): Promise<RedirectedStreams> {
  let streams = base
  const written: (() => Promise<void>)[] = []
  for (const redirect of redirects) {
    if (redirect.kind === 'read')
      streams = { ...streams, stdin: Readable.from([await readInput(files, redirect.target)]) }
    else if (redirect.kind === 'duplicate')
      streams = replaceOutput(streams, redirect.stream, redirect.target === '2' ? streams.stderr : streams.stdout)
    else {
      const output = await openOutput(files, redirect)
      streams = replaceOutput(streams, redirect.stream, output.stream)
      written.push(output.finish)
    }
  }
  return {
    streams,
    finish: async () => {
      for (const finish of written) await finish()
    },
  }
}

function replaceOutput(streams: ProcessStreams, stream: 0 | 1 | 2, output: Writable): ProcessStreams {
  return stream === 2 ? { ...streams, stderr: output } : { ...streams, stdout: output }
}

async function readInput(files: MemoryFiles, path: string): Promise<Uint8Array> {
  return path === devNull ? Buffer.alloc(0) : await files.read(path)
}

async function openOutput(files: MemoryFiles, { kind, target }: ShellRedirect) {
  if (target === devNull) return { stream: createProcessOutput(async () => {}), finish: async () => {} }
  const before = kind === 'append' ? await files.read(target).catch(() => Buffer.alloc(0)) : Buffer.alloc(0)
  // As in a shell, the command does not run when the file cannot be written.
  await files.write(target, before)
  const chunks = [before]
  const stream = createProcessOutput(async (bytes) => void chunks.push(Buffer.from(bytes)))
  return { stream, finish: () => files.write(target, Buffer.concat(chunks)) }
}

const devNull = '/dev/null'
