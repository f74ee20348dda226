import type { Readable } from 'node:stream'

/** Reads a stream to its end, and gives the last of what it had, as text: for the errors of a process. */
export function keepLastWords(stream: Readable): () => string {
  let text = ''
  stream.on('data', (chunk: Uint8Array) => {
    text = (text + Buffer.from(chunk).toString()).slice(-mostText)
  })
  return () => text.trim()
}

const mostText = 4000
