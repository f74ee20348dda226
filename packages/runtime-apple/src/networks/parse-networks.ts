import type { StringMap } from '@capstan/core/plugin'
import { readList } from '../cli/json-reader.js'

/** A network as `network list` and `network inspect` print it. */
export interface AppleNetwork {
  readonly id: string
  readonly name: string
  readonly internal: boolean
  readonly labels: StringMap
  readonly gateway: string | undefined
}

/** Parses the output of `network list --format json` and `network inspect`. */
export function parseNetworks(operation: string, output: Uint8Array): readonly AppleNetwork[] {
  return readList(operation, output).map((entry) => {
    const configuration = entry.maybeObject('configuration') ?? entry.object('config')
    const id = entry.text('id')
    return {
      id,
      name: configuration.maybeText('name') ?? id,
      internal: configuration.maybeText('mode') === 'hostOnly',
      labels: configuration.map('labels'),
      gateway: entry.maybeObject('status')?.maybeText('ipv4Gateway', 'gateway')?.split('/', 1)[0],
    }
  })
}
