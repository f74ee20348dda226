import { Writable } from 'node:stream'

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
export function endOutput(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (output.destroyed) return resolve()
    output.once('close', resolve)
    output.end()
  })
}
