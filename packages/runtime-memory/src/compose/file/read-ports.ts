import type { ContainerConfig } from '@capstan/core'
import type { ComposeNode } from './compose-node.js'

type Ports = NonNullable<ContainerConfig['ports']>

/** Reads `ports` of a service: `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`, also with ranges of the same length, or mappings. */
export function readPorts(node: ComposeNode): Ports {
  return node.items().flatMap((item) => (item.isMapping ? [readMapping(item)] : readShort(item)))
}

function readShort(node: ComposeNode): Ports {
  const expected = '[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], such as "127.0.0.1:8080:80"'
  const match =
    /^(?:(?:(\[[0-9a-fA-F:]+\]|[0-9.]+):)?(?:([0-9]+(?:-[0-9]+)?)?:))?([0-9]+(?:-[0-9]+)?)(?:\/(tcp|udp))?$/.exec(
      node.text(),
    )
  if (match === null) return node.reject(expected)
  const [, address, published, target = '', protocol] = match
  const containerPorts = toNumbers(target)
  const hostPorts = published === undefined ? [] : toNumbers(published)
  if (hostPorts.length > 0 && hostPorts.length !== containerPorts.length) {
    if (containerPorts.length === 1) throw node.unsupported('a range of host ports for one container port')
    return node.reject('two ranges of the same length')
  }
  return containerPorts.map((containerPort, index) => {
    const hostPort = hostPorts[index]
    return {
      containerPort,
      hostAddress: address?.replace(/^\[|\]$/g, '') ?? 'any',
      ...(hostPort !== undefined && hostPort !== 0 && { hostPort }),
      ...(protocol === 'udp' && { protocol }),
    }
  })
}

function toNumbers(text: string): readonly number[] {
  const [first = 0, last = first] = text.split('-').map(Number)
  return Array.from({ length: Math.min(Math.max(last - first + 1, 0), 65_536) }, (_, index) => first + index)
}

function readMapping(node: ComposeNode): Ports[number] {
  const known = ['target', 'published', 'host_ip', 'protocol', 'mode', 'name', 'app_protocol']
  node.checkKeys(known)
  const target = node.find('target') ?? node.reject('a mapping with a target')
  const [published, address, protocol] = ['published', 'host_ip', 'protocol'].map((key) => node.find(key))
  const isUdp = protocol?.text() === 'udp'
  if (protocol !== undefined && !isUdp && protocol.text() !== 'tcp') protocol.reject('tcp or udp')
  if (published?.text().includes('-')) throw published.unsupported('a range of host ports for one container port')
  const hostPort = published?.integer() ?? 0
  return {
    containerPort: target.integer({ min: 1 }),
    hostAddress: address?.text() ?? 'any',
    ...(hostPort !== 0 && { hostPort }),
    ...(isUdp && { protocol: 'udp' }),
  }
}
