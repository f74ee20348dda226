import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** Consumes output of a process. The next write waits until it resolves. */
export type OutputSink = (bytes: Uint8Array) => Promise<void>

/** Creates an output stream of a process that applies the back-pressure of the sink. */
export function createProcessOutput(sink: OutputSink): Writable {
  const output = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      // A copy, because the program may reuse its buffer.
      sink(new Uint8Array(chunk)).then(() => done(), done)
    },
  })
  // Without a listener, a program that writes after its end would crash this Node process.
  output.on('error', () => {})
  return output
}

/** Ends an output and resolves when the sink has consumed everything; never rejects. */
export async function endOutput(output: Writable): Promise<void> {
  if (!output.destroyed) await finished(output.end()).catch(() => {})
}
