import type { RegistryCredentials } from '@capstan/core'
import type { BuildSource } from '@capstan/core/plugin'
import type { RegistryToken } from '../session/session-services.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import type { BuildRequest } from './build-request.js'

/** Replaces secrets and passwords in the events and errors of a build by `***`: a step may print them. */
export class Redactor {
  #secrets: readonly Buffer[] = []

  constructor({ secrets = {}, credentials = {} }: Pick<BuildRequest, 'secrets' | 'credentials'>) {
    const given = typeof credentials === 'function' ? [] : Object.values(credentials)
    this.add([...Object.values(secrets), ...given.map(toSecret)])
  }

  /** Adds values that became known during the build. */
  add(values: readonly (string | Uint8Array)[]): void {
    // A shell drops line ends at the end of a value, so the value is searched for without them.
    const whole = values.map((value) => trimEnd(Buffer.from(value))).filter((value) => value.length >= minLength)
    // Output and error messages arrive line by line.
    const lines = whole.flatMap(toLines).filter((line) => line.length >= minLineLength)
    this.#secrets = [...this.#secrets, ...whole, ...lines].sort((one, other) => other.length - one.length)
  }

  redact(text: string): string {
    return this.#secrets.length === 0 ? text : this.#redactBytes(Buffer.from(text)).toString()
  }

  redactSource({ file, line, excerpt }: BuildSource): BuildSource {
    return { file, line, excerpt: excerpt.map((text) => this.redact(text)) }
  }

  redactEvent(event: BuildProgressEvent): BuildProgressEvent {
    if (this.#secrets.length === 0) return event
    switch (event.type) {
      case 'log':
        return { ...event, bytes: this.#redactBytes(event.bytes) }
      case 'step':
        return { ...event, name: this.redact(event.name), ...(event.error && { error: this.redact(event.error) }) }
      case 'warning':
        return {
          ...event,
          message: this.redact(event.message),
          ...(event.detail && { detail: event.detail.map((line) => this.redact(line)) }),
          ...(event.source && { source: this.redactSource(event.source) }),
        }
      case 'builder':
      case 'status':
      case 'transfer':
        return event
    }
  }

  #redactBytes(bytes: Uint8Array): Buffer {
    return this.#secrets.reduce(replaceAll, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

/** Returns the part of credentials that is secret. */
export function toSecret(credentials: RegistryCredentials | RegistryToken): string {
  if ('registryToken' in credentials) return credentials.registryToken
  return 'identityToken' in credentials ? credentials.identityToken : credentials.password
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
/** A shorter value would match unrelated output. */
const minLength = 4
/** The same, for one line of a secret with several lines. */
const minLineLength = 8
