import type { RuntimePlugin } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { compatiblePlugin } from './compatible-plugin.js'
import { findEndpoints, isEndpointChosen } from './endpoint/find-endpoints.js'
import type { DockerDetails } from './engine/docker-details.js'
import type { DockerTimeouts } from './engine/docker-timeouts.js'
import { dockerProduct, podmanProduct } from './quirks/products.js'

/**
 * The Docker Engine, found as the docker CLI finds it.
 *
 * Making the plugin connects to nothing and loads no client. An endpoint or context that is given here is the only one
 * that is tried.
 *
 * @throws HostError INVALID_ARGUMENT when both an endpoint and a context are given, and for bad `timeouts`.
 */
export function dockerPlugin(options: DockerPluginOptions = {}): RuntimePlugin<DockerDetails> {
  const { endpoint, context, hostAddress, firewallImage, probeTimeoutMs, timeouts } = options
  if (endpoint !== undefined && context !== undefined) {
    const facts = { field: 'context', expected: 'absent when an endpoint is given', given: JSON.stringify(context) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
  return compatiblePlugin({
    name: 'docker',
    packageName: '@capstan/runtime-docker',
    packageVersion: '0.1.0',
    probeTimeoutMs,
    isChosen: (env) => isEndpointChosen(options, env),
    find: (place) => findEndpoints(options, place),
    accepts: [dockerProduct, podmanProduct],
    apiVersionVariable: 'DOCKER_API_VERSION',
    // What is given in code is tried alone: the variable would not help there.
    endpointVariable: endpoint === undefined && context === undefined ? 'DOCKER_HOST' : undefined,
    hostAddress,
    firewallImage,
    timeouts,
  })
}

/** Options of `dockerPlugin`: which engine, and what it cannot tell of itself. */
export interface DockerPluginOptions {
  /** `unix:///var/run/docker.sock`, `tcp://host:2376`, `npipe:////./pipe/docker_engine`. Default: as the docker CLI finds it. */
  readonly endpoint?: string
  /** Name of a context of the docker CLI. */
  readonly context?: string
  /** For `endpoint` over tcp. Default: no TLS. */
  readonly tls?: DockerTlsOptions
  /** The address by which containers reach this host. Default: read from the engine; needed for one on another machine. */
  readonly hostAddress?: string
  /** An image with `sh`, `iptables` and `ip6tables`, for `setupFirewall` where the container's own image has none. */
  readonly firewallImage?: string
  /** Limits in milliseconds. Default of each: see {@link DockerTimeouts}; another name or value: INVALID_ARGUMENT. */
  readonly timeouts?: Partial<DockerTimeouts>
  /**
   * How long the probe waits for an engine, in milliseconds, where the host sets no limit. Default, by the endpoint: 10 000
   * for a socket or pipe of this machine, 30 000 for tcp. One that refuses the connection is absent at once.
   */
  readonly probeTimeoutMs?: number
}

/** How a tcp endpoint that is given in code is secured. */
export interface DockerTlsOptions {
  /** Has `ca.pem`, and for a client's certificate `cert.pem` and `key.pem`. Default: docker's configuration directory. */
  readonly directory?: string
  /** Default true; false believes whoever answers. */
  readonly verify?: boolean
}
