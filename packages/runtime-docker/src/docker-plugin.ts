import type { RuntimePlugin } from '@capstan/core'
import { createHostError, type OptionKinds, validatePluginOptions } from '@capstan/core/plugin'
import { type CompatiblePluginOptions, compatiblePlugin } from './compatible-plugin.js'
import { findEndpoints, isEndpointChosen } from './endpoint/find-endpoints.js'
import type { DockerDetails } from './engine/docker-details.js'
import { dockerProduct, podmanProduct } from './supported-products.js'

/**
 * Creates a plugin for the Docker Engine. It finds endpoints as the docker CLI does, and then the sockets of other
 * engines if none is set.
 *
 * Creating the plugin opens no connection and loads no client. No other endpoint is tried when an endpoint or a context
 * other than `default` is given.
 *
 * @throws HostError INVALID_ARGUMENT when both an endpoint and a context are given, and for an unknown or a bad option
 */
export function dockerPlugin(options: DockerPluginOptions = {}): RuntimePlugin<DockerDetails> {
  validatePluginOptions(options, optionKinds)
  const { endpoint, context, tls: _tls, ...common } = options
  if (endpoint !== undefined && context !== undefined) {
    const facts = { field: 'context', expected: 'absent when an endpoint is given', given: JSON.stringify(context) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
  return compatiblePlugin({
    ...common,
    name: 'docker',
    packageName: '@capstan/runtime-docker',
    packageVersion: '0.1.0',
    isChosen: (env) => isEndpointChosen(options, env),
    find: (input) => findEndpoints(options, input),
    accepts: [dockerProduct, podmanProduct],
    apiVersionVariable: 'DOCKER_API_VERSION',
    // With an endpoint or context in code remedies do not mention the variable: only the context `default` reads it.
    endpointVariable: endpoint === undefined && context === undefined ? 'DOCKER_HOST' : undefined,
  })
}

/** The options of `dockerPlugin`. */
export interface DockerPluginOptions
  extends Pick<
    CompatiblePluginOptions,
    'portHost' | 'hostAddress' | 'firewallImage' | 'composeProgram' | 'timeouts' | 'probeTimeoutMs'
  > {
  /**
   * `unix:///var/run/docker.sock`, `ssh://user@host`, `tcp://host:2376`, `npipe:////./pipe/docker_engine`. Default: found as by
   * the docker CLI.
   */
  readonly endpoint?: string
  /** The name of a context of the docker CLI. */
  readonly context?: string
  /** TLS settings of a TCP `endpoint`. Default: no TLS. */
  readonly tls?: DockerTlsOptions
}

/** TLS settings of a TCP endpoint that is given in code. */
export interface DockerTlsOptions {
  /**
   * The directory of `ca.pem`, and of `cert.pem` and `key.pem` for a client certificate. Default: docker's
   * configuration directory.
   */
  readonly directory?: string
  /** Whether the server's certificate is verified. Default true. */
  readonly verify?: boolean
}

const optionKinds: OptionKinds<DockerPluginOptions> = {
  endpoint: 'text',
  context: 'text',
  tls: { directory: 'text', verify: 'boolean' } satisfies OptionKinds<DockerTlsOptions>,
  portHost: 'text',
  hostAddress: 'text',
  firewallImage: 'text',
  composeProgram: 'text',
  timeouts: 'object',
  probeTimeoutMs: 'timeout',
}
