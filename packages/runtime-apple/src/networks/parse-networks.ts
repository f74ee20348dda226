import type { NetworkSubnet, StringMap } from '@capstan/core/plugin'
import { readList } from '../cli/json-reader.js'

/** A network as `network list` and `network inspect` print it. */
export interface AppleNetwork {
  readonly id: string
  readonly name: string
  readonly internal: boolean
  readonly labels: StringMap
  readonly subnets: readonly NetworkSubnet[]
  /** The IPv4 gateway. */
  readonly gateway: string | undefined
}

/** Parses the output of `network list --format json` and `network inspect`. */
export function parseNetworks(operation: string, output: Uint8Array): readonly AppleNetwork[] {
  return readList(operation, output).map((entry) => {
    const configuration = entry.maybeObject('configuration') ?? entry.object('config')
    const id = entry.text('id')
    const status = entry.maybeObject('status')
    const gateway = status?.maybeText('ipv4Gateway', 'gateway')?.split('/', 1)[0]
    return {
      id,
      name: configuration.maybeText('name') ?? id,
      internal: configuration.maybeText('mode') === 'hostOnly',
      labels: configuration.map('labels'),
      subnets: [
        ...toSubnet(status?.maybeText('ipv4Subnet'), gateway),
        ...toSubnet(status?.maybeText('ipv6Subnet'), undefined),
      ],
      gateway,
    }
  })
}

function toSubnet(cidr: string | undefined, gateway: string | undefined): readonly NetworkSubnet[] {
  return cidr ? [{ cidr, gateway }] : []
}
