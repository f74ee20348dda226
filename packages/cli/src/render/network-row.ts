import type { NetworkInfo, NetworkInspection } from '@capstan/core'
import { parseSubnet } from '@capstan/core/plugin'
import { renderFieldLines, toLabelLines } from './field-lines.js'
import type { Row } from './row-format.js'

/** The name of a field of a network in `--format`, as in docker, and `Subnets`. */
export type NetworkField = 'ID' | 'Name' | 'Internal' | 'IPv6' | 'Subnets' | 'Labels' | 'Label'

/** The titles of the fields. */
export const networkTitles: Row<NetworkField> = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Internal: 'INTERNAL',
  IPv6: 'IPV6',
  Subnets: 'SUBNETS',
  Labels: 'LABELS',
  Label: (key: string): string => key,
}

/** Returns the fields of a network. With `truncate`, the ID is shortened. */
export function toNetworkRow(network: NetworkInfo, { truncate }: { readonly truncate: boolean }): Row<NetworkField> {
  const { id, name, internal, subnets, labels } = network
  return {
    ID: truncate ? id.slice(0, 12) : id,
    Name: name,
    Internal: internal,
    IPv6: hasIPv6(network),
    Subnets: subnets.map(({ cidr }) => cidr).join(', '),
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: string) => (Object.hasOwn(labels, key) ? labels[key] : ''),
  }
}

/** Returns the fields of `network inspect --format`, by the names that docker gives them. */
export function toNetworkFields(network: NetworkInspection): NetworkFields {
  const { id, name, internal, labels, subnets, members } = network
  const ranges = subnets.flatMap(({ cidr }) => parseSubnet(cidr) ?? [])
  const withPrefix = (address = '') => {
    const range = ranges.find((each) => each.contains(address))
    return range === undefined ? address : `${address}/${range.prefix}`
  }
  const containers = members.map(({ containerId, containerName, ipAddress, ipv6Address }) => {
    const addresses = { IPv4Address: withPrefix(ipAddress), IPv6Address: withPrefix(ipv6Address) }
    return [containerId, { Name: containerName, ...addresses }] as const
  })
  return {
    Name: name,
    Id: id,
    EnableIPv6: hasIPv6(network),
    IPAM: { Config: subnets.map(({ cidr, gateway = '' }) => ({ Subnet: cidr, Gateway: gateway })) },
    Internal: internal,
    Containers: Object.fromEntries(containers),
    Labels: labels,
  }
}

/** A network in `network inspect --format`. */
export interface NetworkFields {
  readonly Name: string
  readonly Id: string
  readonly EnableIPv6: boolean
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] }
  readonly Internal: boolean
  readonly Containers: Readonly<Record<string, object>>
  readonly Labels: Readonly<Record<string, string>>
}

/** Formats a network as lines of a name and a value. */
export function toNetworkText({ id, name, internal, subnets, members, labels }: NetworkInspection): string {
  return renderFieldLines([
    ['id', id],
    ['name', name],
    ['internal', internal ? 'yes' : 'no'],
    ...subnets.map(({ cidr, gateway }) => ['subnet', gateway ? `${cidr}, gateway ${gateway}` : cidr] as const),
    ...members.map(({ containerName, ipAddress, ipv6Address }) => {
      return ['container', [containerName, ipAddress, ipv6Address].filter(Boolean).join(' ')] as const
    }),
    ...toLabelLines(labels),
  ])
}

function hasIPv6({ subnets }: NetworkInfo): boolean {
  return subnets.some(({ cidr }) => cidr.includes(':'))
}
