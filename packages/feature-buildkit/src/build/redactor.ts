import type { BuildProgressEvent } from './build-progress-event.js'
import type { BuildRequest } from './build-request.js'

/** Takes what is secret out of what a build says, where a step prints it. */
export class Redactor {
  readonly #secrets: readonly Buffer[]

  constructor({ secrets = {}, credentials = {} }: Pick<BuildRequest, 'secrets' | 'credentials'>) {
    const passwords = Object.values(credentials).map(({ password }) => password)
    // As a shell prints them: a line end at the end is lost.
    const values = [...Object.values(secrets), ...passwords].map((value) => trimEnd(Buffer.from(value)))
    const whole = values.filter((value) => value.length >= shortest)
    // Output comes line by line, and words beside it are read so.
    const lines = whole.flatMap(toLines).filter((line) => line.length >= shortestLine)
    this.#secrets = [...whole, ...lines].sort((one, other) => other.length - one.length)
  }

  hide(text: string): string {
    return this.#secrets.length === 0 ? text : this.#hideBytes(Buffer.from(text)).toString()
  }

  hideInEvent(event: BuildProgressEvent): BuildProgressEvent {
    if (this.#secrets.length === 0) return event
    switch (event.type) {
      case 'log':
        return { ...event, bytes: this.#hideBytes(event.bytes) }
      case 'step': {
        const { error } = event
        return { ...event, name: this.hide(event.name), ...(error === undefined ? {} : { error: this.hide(error) }) }
      }
      case 'warning':
        return { ...event, message: this.hide(event.message) }
      case 'status':
      case 'transfer':
        return event
    }
  }

  #hideBytes(bytes: Uint8Array): Buffer {
    return this.#secrets.reduce(replaceAll, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

function toLines(secret: Buffer): readonly Buffer[] {
  const lines = secret.toString('latin1').split(/[\r\n]+/)
  return lines.length === 1 ? [] : lines.map((line) => Buffer.from(line, 'latin1'))
}

function trimEnd(bytes: Buffer): Buffer {
  let { length } = bytes
  while (length > 0 && (bytes[length - 1] === 10 || bytes[length - 1] === 13)) length -= 1
  return bytes.subarray(0, length)
}

function replaceAll(bytes: Buffer, secret: Buffer): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, from)) {
    parts.push(bytes.subarray(from, at), mask)
    from = at + secret.length
  }
  return parts.length === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(from)])
}

const mask = Buffer.from('***')
/** What is shorter stands in any output by chance. */
const shortest = 4
/** Of a secret with several. */
const shortestLine = 8
