import { JsonReader } from './json-reader.js'
import { isObject, readJson, toProtocolError } from './read-json.js'

/** `unregistered` and `not running` alike: nobody answers. */
export interface SystemStatus {
  readonly isRunning: boolean
  /** Of the service; `undefined` where it does not tell. */
  readonly version: string | undefined
  /** Where it keeps its files. */
  readonly appRoot: string | undefined
}

/**
 * Reads what `system status --format json` printed, which it does with exit code 1 as well. From 1.4.1 on the version of the
 * service stands in `server`, and its folders in `paths`.
 */
export function parseSystemStatus(output: Uint8Array): SystemStatus {
  const value = readJson('system status', output)
  if (!isObject(value)) throw toProtocolError('system status', value)
  const entry = new JsonReader('system status', value, Buffer.from(output).toString('utf8'))
  return {
    isRunning: entry.text('status') === 'running',
    version: parseVersion(
      entry.maybeText('apiServerVersion') || entry.maybeObject('server')?.maybeText('version') || '',
    ),
    appRoot: entry.maybeText('appRoot') || entry.maybeObject('paths')?.maybeText('appRoot'),
  }
}

/** The first number of a version in a sentence. */
export function parseVersion(text: string): string | undefined {
  return /\d+\.\d+\.\d+/.exec(text)?.[0]
}
