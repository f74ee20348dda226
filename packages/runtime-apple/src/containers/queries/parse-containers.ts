import type { Argv, PortBinding, StringMap } from '@capstan/core/plugin'
import { type JsonReader, readList } from '../../cli/json-reader.js'

/** A container as `list` and `inspect` of all releases print it. */
export interface AppleContainer {
  readonly id: string
  /** In full, with the registry's host. */
  readonly image: string
  readonly imageId: string
  readonly state: 'running' | 'stopped' | 'stopping' | 'unknown'
  readonly createdAt: Date | undefined
  readonly startedAt: Date | undefined
  readonly labels: StringMap
  readonly command: Argv
  readonly hasTerminal: boolean
  /** Its configured networks, also while it does not run. */
  readonly networks: readonly string[]
  readonly attachments: readonly AppleAttachment[]
  readonly ports: readonly PortBinding[]
  readonly volumes: readonly string[]
  readonly capAdd: readonly string[]
}

export interface AppleAttachment {
  readonly network: string
  readonly address: string | undefined
  readonly ipv6Address: string | undefined
  readonly gateway: string | undefined
}

/** Parses the output of `list --format json` and `inspect`. */
export function parseContainers(operation: string, output: Uint8Array): readonly AppleContainer[] {
  return readList(operation, output).map(toContainer)
}

function toContainer(entry: JsonReader): AppleContainer {
  const configuration = entry.object('configuration')
  const image = configuration.object('image')
  const process = configuration.object('initProcess')
  const status = entry.maybeObject('status')
  return {
    id: entry.maybeText('id') ?? configuration.text('id'),
    image: image.text('reference'),
    imageId: image.maybeObject('descriptor')?.maybeText('digest') ?? '',
    state: toState(status === undefined ? entry.text('status') : status.text('state')),
    createdAt: configuration.date('creationDate'),
    startedAt: (status ?? entry).date('startedDate'),
    labels: configuration.map('labels'),
    command: [process.text('executable'), ...process.texts('arguments')],
    hasTerminal: process.flag('terminal'),
    networks: toNames(configuration),
    attachments: (status ?? entry).list('networks').map(toAttachment),
    ports: configuration.list('publishedPorts').flatMap(toPorts),
    volumes: configuration.list('mounts').flatMap(toVolume),
    capAdd: configuration.texts('capAdd'),
  }
}

function toNames(configuration: JsonReader): readonly string[] {
  const listed = configuration.list('networks').flatMap((network) => network.maybeText('network', 'id') ?? [])
  return listed.length > 0 ? listed : configuration.texts('networks')
}

function toState(text: string): AppleContainer['state'] {
  return text === 'running' || text === 'stopped' || text === 'stopping' ? text : 'unknown'
}

function toAttachment(network: JsonReader): AppleAttachment {
  const address = network.maybeText('ipv4Address', 'address')
  return {
    network: network.text('network'),
    address: address?.split('/', 1)[0],
    ipv6Address: network.maybeText('ipv6Address')?.split('/', 1)[0],
    gateway: network.maybeText('ipv4Gateway', 'gateway')?.split('/', 1)[0],
  }
}

function toPorts(port: JsonReader): readonly PortBinding[] {
  const [hostPort, containerPort] = [port.number('hostPort'), port.number('containerPort')]
  const shared = {
    hostAddress: port.maybeText('hostAddress') ?? '0.0.0.0',
    protocol: port.maybeText('proto') === 'udp' ? ('udp' as const) : ('tcp' as const),
  }
  return Array.from({ length: port.maybeNumber('count') ?? 1 }, (_, at) => ({
    ...shared,
    hostPort: hostPort + at,
    containerPort: containerPort + at,
  }))
}

function toVolume(mount: JsonReader): readonly string[] {
  const name = mount.maybeObject('type')?.maybeObject('volume')?.maybeText('name')
  return name === undefined ? [] : [name]
}
