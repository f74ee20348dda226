import type { Duplex } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions } from '../operation.js'

/** Connects to the engine's own BuildKit. */
export interface BuildService {
  /**
   * Opens a connection to BuildKit's API: gRPC over HTTP/2 without TLS, of which the caller is the client. Each call opens
   * another connection. The exporter `moby` of this BuildKit stores images in the runtime.
   *
   * The caller destroys the connection. An abort, also after the call, destroys it with the reason of the signal, and closing
   * the runtime destroys it with RUNTIME_UNAVAILABLE.
   */
  connect(options?: OperationOptions): Promise<Duplex>

  /**
   * Opens a connection on which BuildKit calls services of the caller during builds: HTTP/2 without TLS, of which the caller is
   * the server. `headers` announce the session; several values of one header are sent as several fields. It ends like a
   * connection of `connect`.
   *
   * Resolves with `undefined` if the engine has no such connections. `Control/Session` over `connect` has the same purpose,
   * and transfers fewer bytes per second.
   */
  openSession(headers: BuildSessionHeaders, options?: OperationOptions): Promise<Duplex | undefined>
}

/** Header fields, each with one value or several. */
export type BuildSessionHeaders = Readonly<Record<string, string | readonly string[]>>

/** The capability of building images with the engine's own BuildKit. */
export const buildServiceCapability: Capability<BuildService> = defineCapability({
  id: 'build-service',
  title: 'BuildKit builds',
})
