/** What a port speaks. */
export type Protocol = 'tcp' | 'udp'

/** A port to publish. */
export interface PortSpec {
  /** 1…65535. */
  readonly containerPort: number
  /** 1…65535. Default: one is picked, by the engine, else by the runtime. */
  readonly hostPort?: number
  /** Default `127.0.0.1`: reachable from this machine alone. */
  readonly hostAddress?: string
  /** Default `tcp`. */
  readonly protocol?: Protocol
}

/** A port as it is published now. */
export interface PortBinding {
  readonly containerPort: number
  readonly hostPort: number
  readonly hostAddress: string
  readonly protocol: Protocol
}
