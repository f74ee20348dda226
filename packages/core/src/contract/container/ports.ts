/** What a port speaks. */
export type Protocol = 'tcp' | 'udp'

/** A port to publish. */
export interface PortSpec {
  /** 1…65535. */
  readonly containerPort: number
  /** 1…65535. Default: one is picked, by the engine, else by the runtime. */
  readonly hostPort?: number
  /**
   * An IP address of the engine's machine, `0.0.0.0` for all IPv4 addresses, `::` for all IPv6 addresses, or `any` for all
   * of both families (IPv4 alone where the machine has no IPv6, or `ports.ipv6` is refused). Default `127.0.0.1`: reachable
   * from this machine alone.
   */
  readonly hostAddress?: string
  /** Default `tcp`. */
  readonly protocol?: Protocol
}

/** A port as it is published now: one entry for each address as the engine tells it, which may be two for `any`. */
export interface PortBinding {
  readonly containerPort: number
  readonly hostPort: number
  readonly hostAddress: string
  readonly protocol: Protocol
}
