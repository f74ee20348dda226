import type { IncomingMessage } from 'node:http'

/** Reads the body of a short answer as text. Rejects when it is incomplete or longer than `mostBytes`. */
export async function readBody(response: IncomingMessage, mostBytes: number = 64 * 1024 * 1024): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
