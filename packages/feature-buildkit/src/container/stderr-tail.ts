import type { Readable } from 'node:stream'

/** Reads a stream to its end, and returns a function that returns the last part of its text. */
export function readStderrTail(stderr: Readable): () => string {
  let text = ''
  stderr.on('data', (chunk: Uint8Array) => {
    text = (text + Buffer.from(chunk).toString()).slice(-maxCharacters)
  })
  return () => text.trim()
}

const maxCharacters = 4000
