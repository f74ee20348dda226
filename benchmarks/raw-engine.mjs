import { Agent, request } from 'node:http'

/** Creates a minimal client of the engine's API: node:http on its socket, with keep-alive. */
export function createRawEngine(socketPath) {
  const agent = new Agent({ keepAlive: true })

  function stream(method, path, body) {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const headers =
      payload === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': payload.length }
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, resolve)
      sent.on('error', reject)
      sent.end(payload)
    })
  }

  async function json(method, path, body) {
    const response = await stream(method, path, body)
    const chunks = []
    for await (const chunk of response) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    if (response.statusCode >= 400) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  return { stream, json, close: () => agent.destroy() }
}

/** Reads the objects of a stream of JSON lines. @param {AsyncIterable<Uint8Array>} body */
export async function* readJsonLines(body) {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}
