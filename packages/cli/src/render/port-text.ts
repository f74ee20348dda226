import { toReachableHost } from '@capstan/core'
import type { PortBinding } from '@capstan/core/plugin'

/** Formats a published port as docker does: `127.0.0.1:8080->80/tcp`. */
export function toPortText(binding: PortBinding): string {
  const { containerPort, protocol } = binding
  return `${toHostText(binding)}->${containerPort}/${protocol}`
}

/** Formats the address and the port of the engine's machine: `127.0.0.1:8080`. */
export function toHostText({ hostAddress, hostPort }: Pick<PortBinding, 'hostAddress' | 'hostPort'>): string {
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress
  return `${address === '' ? '' : `${address}:`}${hostPort}`
}

/**
 * Returns the ports with the name of the engine's machine in place of "all addresses", where that is another machine. A port that is
 * then the same for IPv4 and IPv6 is returned once.
 */
export function withPortHost(
  ports: readonly PortBinding[],
  { portHost }: { readonly portHost: string | undefined },
): readonly PortBinding[] {
  if (portHost === undefined || portHost === '127.0.0.1') return ports
  const named = ports.map((port) =>
    allAddresses.has(port.hostAddress)
      ? { ...port, hostAddress: toReachableHost(port, { portHost }) ?? port.hostAddress }
      : port,
  )
  return [...new Map(named.map((port) => [toPortText(port), port])).values()]
}

const allAddresses: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])
