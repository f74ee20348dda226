import { Writable } from 'node:stream'

/** Takes what a process writes; the next write waits for it. */
export type OutputSink = (bytes: Uint8Array) => Promise<void>

/** One output of a process: hands its bytes to the sink, no faster than the sink takes them. */
export function createProcessOutput(sink: OutputSink): Writable {
  const output = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      // A copy: the program may use its buffer again.
      sink(new Uint8Array(chunk)).then(() => done(), done)
    },
  })
  // A program that writes after its end, or after the kill, must not end this process.
  output.on('error', () => {})
  return output
}

/** Resolves when all that was written is with the sink; never rejects. */
export function flushOutput(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (output.destroyed) return resolve()
    output.once('close', resolve)
    output.end()
  })
}
