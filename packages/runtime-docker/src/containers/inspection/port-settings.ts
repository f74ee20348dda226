import type { ContainerConfig } from '@capstan/core'
import type { PortBinding } from '@capstan/core/plugin'
import type { PortMap } from '../../engine/docker-api.js'

/** Returns `ExposedPorts` and `PortBindings`; the engine requires both. The default host address is 127.0.0.1. */
export function toPortSettings({
  ports = [],
  exposedPorts = [],
}: Pick<ContainerConfig, 'ports' | 'exposedPorts'>): PortSettings {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { containerPort, hostPort, hostAddress = '127.0.0.1', protocol = 'tcp' } of ports) {
    const key = `${containerPort}/${protocol}`
    // With an empty port the engine chooses one; an empty address means all addresses of IPv4 and IPv6.
    const HostIp = hostAddress === 'any' ? '' : hostAddress
    bindings[key] = [...(bindings[key] ?? []), { HostIp, HostPort: hostPort?.toString() ?? '' }]
  }
  const declared = exposedPorts.map(({ containerPort, protocol = 'tcp' }) => `${containerPort}/${protocol}`)
  const keys = [...Object.keys(bindings), ...declared]
  return {
    exposed: keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, {}])),
    bindings: ports.length === 0 ? undefined : bindings,
  }
}

interface PortSettings {
  readonly exposed: Readonly<Record<string, object>> | undefined
  readonly bindings: PortMap | undefined
}

/** Returns the published ports. Entries without a host port are only exposed. */
export function toPortBindings(ports: PortMap | null | undefined): readonly PortBinding[] {
  return Object.entries(ports ?? {}).flatMap(([key, entries]) => {
    const [, port, protocol] = /^(\d+)\/(tcp|udp)$/.exec(key) ?? []
    if (port === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return []
    return (entries ?? []).flatMap(({ HostIp, HostPort }) => {
      const hostPort = Number(HostPort)
      // Podman 4 reports no address for all addresses, of which it forwards those of IPv4.
      const hostAddress = HostIp || '0.0.0.0'
      return hostPort > 0 ? [{ containerPort: Number(port), hostPort, hostAddress, protocol } as const] : []
    })
  })
}

/** Returns one host port per container port. TCP precedes UDP, and IPv4 precedes IPv6, which may have different ports. */
export function toHostPorts(bindings: readonly PortBinding[]): ReadonlyMap<number, number> {
  const rank = ({ protocol, hostAddress }: PortBinding) =>
    (protocol === 'udp' ? 2 : 0) + (hostAddress.includes(':') ? 1 : 0)
  const ordered = [...bindings].sort((left, right) => rank(left) - rank(right))
  const ports = new Map<number, number>()
  for (const { containerPort, hostPort } of ordered) if (!ports.has(containerPort)) ports.set(containerPort, hostPort)
  return ports
}
