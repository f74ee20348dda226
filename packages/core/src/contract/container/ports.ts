/** The transport protocol of a port. */
export type Protocol = 'tcp' | 'udp'

/** A port that a container listens on, published or not. */
export interface ExposedPort {
  /** 1 to 65535. */
  readonly containerPort: number
  readonly protocol: Protocol
}

/** A port to publish. */
export interface PortSpec {
  /** 1 to 65535. */
  readonly containerPort: number
  /** 1 to 65535. Default: a free port. */
  readonly hostPort?: number
  /**
   * An IP address of the engine's machine, `0.0.0.0` for all IPv4 addresses, `::` for all IPv6 addresses, or `any` for all
   * addresses of both families (of IPv4 only, where the machine has no IPv6 or the runtime does not support `ports.ipv6`). Default
   * `127.0.0.1`, which is reachable only from the engine's machine.
   */
  readonly hostAddress?: string
  /** Default `tcp`. */
  readonly protocol?: Protocol
}

/**
 * Returns the name or address at which this process reaches a published port; `undefined` where it cannot, because the port is
 * published on a loopback address of another machine, or `portHost` is not known.
 */
export function toReachableHost(
  { hostAddress }: Pick<PortBinding, 'hostAddress'>,
  { portHost }: { readonly portHost: string | undefined },
): string | undefined {
  if (hostAddress === '' || hostAddress === '0.0.0.0') return portHost
  if (hostAddress === '::') return portHost === '127.0.0.1' ? '::1' : portHost
  return isLoopback(hostAddress) && !isLoopback(portHost ?? '') ? undefined : hostAddress
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** A published port. A port published with `hostAddress: 'any'` may have two: one for IPv4, one for IPv6. */
export interface PortBinding {
  readonly containerPort: number
  readonly hostPort: number
  /** An IP address: `0.0.0.0` for all IPv4 addresses, `::` for all IPv6 addresses. */
  readonly hostAddress: string
  readonly protocol: Protocol
}
