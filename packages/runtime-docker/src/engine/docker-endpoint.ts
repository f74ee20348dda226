/** Where an engine listens, as data: nothing of it is open. */
export interface DockerEndpoint {
  /** As messages and reports show it: `unix:///var/run/docker.sock`, `tcp://host:2376`. */
  readonly url: string
  readonly connection: EndpointConnection
}

/** How an endpoint is reached. */
export type EndpointConnection = DirectConnection | ServedConnection

/** A unix socket and a Windows pipe are the same to `node:http`: a path. */
export type DirectConnection =
  | { readonly type: 'socket' | 'pipe'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly tls: EndpointTls | undefined }

/**
 * An engine that the plugin itself makes listen: for the time of a probe, and from the first call of an opened runtime
 * until that is closed; each time anew, so that no two share one.
 */
export interface ServedConnection {
  readonly type: 'service'
  /** Resolves when it listens; the signal aborts when it is needed no more. */
  serve(options: { readonly signal: AbortSignal }): Promise<EngineService>
}

/** Disposing ends it, whatever state it is in, and leaves no process and no socket. */
export interface EngineService extends AsyncDisposable {
  readonly connection: DirectConnection
}

/** TLS of a tcp endpoint, by file and not by content, so that no key stands in a report or a log. */
export interface EndpointTls {
  /** False: encrypted, but whoever answers is believed. */
  readonly verify: boolean
  /** PEM files. `undefined`: the machine's authorities, and no certificate of the client. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}
