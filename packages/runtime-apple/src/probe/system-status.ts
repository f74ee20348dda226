import { readObject } from '../cli/json-reader.js'

/** The state of the service behind the command. */
export interface SystemStatus {
  readonly isRunning: boolean
  /** The version of the service. `undefined` if it does not run, and in some releases. */
  readonly version: string | undefined
  /** The folder with the files of the service. */
  readonly appRoot: string | undefined
}

/**
 * Parses the output of `system status --format json`, which is printed also with exit code 1. Since 1.4.1 the version of the
 * service is in `server`, and its folders are in `paths`.
 */
export function parseSystemStatus(output: Uint8Array): SystemStatus {
  const printed = readObject('system status', output)
  const version = printed.maybeText('apiServerVersion') || printed.maybeObject('server')?.maybeText('version')
  return {
    isRunning: printed.text('status') === 'running',
    version: parseVersion(version ?? ''),
    appRoot: printed.maybeText('appRoot') || printed.maybeObject('paths')?.maybeText('appRoot'),
  }
}

/** Finds the first version number in a text. */
export function parseVersion(text: string): string | undefined {
  return /\d+\.\d+\.\d+/.exec(text)?.[0]
}
