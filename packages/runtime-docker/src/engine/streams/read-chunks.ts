import type { Readable } from 'node:stream'

/**
 * Reads a stream with back-pressure. Data that arrived before an error is yielded before the error is thrown, also to a
 * slow reader, which the stream's own iterator does not guarantee. An abort of `signal` throws the error of the stream
 * at once. Leaving the loop destroys the stream.
 */
export async function* readChunks(stream: Readable, signal?: AbortSignal): AsyncGenerator<Buffer, void> {
  let isOver = stream.readableEnded
  let fault: { readonly error: unknown } | undefined
  let wake = () => {}
  const change = () => wake()
  const end = () => {
    isOver = true
    wake()
  }
  const fail = (error: unknown) => {
    fault ??= { error }
    wake()
  }
  const close = () => {
    if (!isOver) fail(stream.errored ?? createPrematureClose())
  }
  stream.on('readable', change).on('end', end).on('error', fail).on('close', close)
  if (stream.destroyed && !isOver) close()
  try {
    for (;;) {
      const chunk: Buffer | null = fault !== undefined && signal?.aborted ? null : stream.read()
      if (chunk !== null) yield chunk
      else if (fault !== undefined) throw fault.error
      else if (isOver) return
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stream.off('readable', change).off('end', end).off('error', fail).off('close', close)
    stream.destroy()
  }
}

function createPrematureClose(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
}
