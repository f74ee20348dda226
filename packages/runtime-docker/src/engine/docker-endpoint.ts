/** The address of an engine, and its URL for messages. */
export interface DockerEndpoint {
  /** The URL in messages and reports: `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`. */
  readonly url: string
  readonly address: EndpointAddress
}

/** Where an engine listens, or how to start it. */
export type EndpointAddress = DirectAddress | OnDemandAddress

/** The address of a Unix socket, a Windows pipe or a TCP port. `node:http` takes a path for both sockets and pipes. */
export type DirectAddress =
  | { readonly type: 'socket' | 'pipe'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly tls: EndpointTls | undefined }

/**
 * An engine that the plugin starts on demand: during a probe, and from the first call of an opened runtime until it is
 * closed. Each probe and each runtime starts a service of its own.
 */
export interface OnDemandAddress {
  readonly type: 'service'
  /** The step of a failed attempt before the service listens. Default `service`. */
  readonly step?: 'ssh' | 'service'
  /** Starts the service and resolves when it listens. The signal aborts when the service is no longer needed. */
  start(options: { readonly signal: AbortSignal }): Promise<EngineService>
  /** Resolves with the name or address of the machine on which the engine runs. Default: it runs on this machine. */
  findHost?(options: { readonly signal: AbortSignal | undefined }): Promise<string>
}

/** A started service. Disposing stops it in any state, and removes its process and its socket. */
export interface EngineService extends AsyncDisposable {
  readonly address: DirectAddress
}

/** TLS settings of a TCP endpoint. They have paths instead of contents, so that no key appears in a report or a log. */
export interface EndpointTls {
  /** Whether the server's certificate is verified. */
  readonly verify: boolean
  /** The directory in which the files were searched, for messages. */
  readonly directory?: string
  /** Paths of PEM files. `undefined`: Node's default authorities, and no client certificate. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}
