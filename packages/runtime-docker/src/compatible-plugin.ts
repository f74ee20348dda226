import { isAbsolute } from 'node:path'
import type { RuntimePlugin } from '@capstan/core'
import {
  check,
  type OptionKinds,
  type ProbeOptions,
  type RegistrationScope,
  resolveTimeouts,
  validatePluginOptions,
} from '@capstan/core/plugin'
import { listManagers } from './docker-managers.js'
import { probeEngines } from './docker-probe.js'
import type { EndpointSearch, EndpointSearchInput } from './endpoint/endpoint-candidate.js'
import { compareVersions, supportedApi } from './engine/api-version.js'
import type { DockerDetails } from './engine/docker-details.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { type DockerTimeouts, defaultTimeouts } from './engine/docker-timeouts.js'
import type { EngineProduct } from './engine/engine-product.js'
import { HttpEngine } from './engine/http-engine.js'
import { readLocalMachine } from './engine/local-machine.js'

/**
 * Creates a plugin for an engine with Docker's API. `dockerPlugin` uses it.
 *
 * Creating the plugin opens no connection and loads no client.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown or a bad option
 */
export function compatiblePlugin(options: CompatiblePluginOptions): RuntimePlugin<DockerDetails> {
  validatePluginOptions(options, optionKinds)
  const { composeProgram } = options
  check(
    composeProgram === undefined || isAbsolute(composeProgram),
    'composeProgram',
    'an absolute path',
    composeProgram,
  )
  const { name, packageName, packageVersion, probeTimeoutMs, endpointVariable, find } = options
  const timeouts = resolveTimeouts('timeouts', options.timeouts, defaultTimeouts)
  return {
    name,
    contractVersion: 1,
    ...(packageName === undefined ? {} : { packageName }),
    ...(packageVersion === undefined ? {} : { packageVersion }),
    ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
    isChosen: options.isChosen ?? ((env) => Boolean(endpointVariable !== undefined && env[endpointVariable])),
    async probe(probeOptions: ProbeOptions) {
      const system = readLocalMachine(probeOptions.env)
      const search = await find({ system, env: probeOptions.env })
      return probeEngines(search, { ...options, ...probeOptions, system })
    },
    register: (scope, details) => provideAll(scope, { details, timeouts }),
  }
}

/** The specifics of an engine with Docker's API. */
export interface CompatiblePluginOptions {
  /** The name of the runtime, in lower case. */
  readonly name: string
  /** The package in messages. `loadPlugins` sets `packageName` and `packageVersion` when they are omitted. */
  readonly packageName?: string
  readonly packageVersion?: string
  /**
   * The limit of the probe for each endpoint, in milliseconds, unless the host sets one. Default: 10000 for a socket or
   * pipe on this machine, 30000 for TCP and for a service that the plugin starts. An endpoint that refuses the
   * connection fails at once.
   */
  readonly probeTimeoutMs?: number | undefined
  /** See `RuntimePlugin`. Default: whether the environment sets the variable that `endpointVariable` names. */
  readonly isChosen?: RuntimePlugin['isChosen']
  /** Finds the endpoints to try, in order of preference. Called by each probe. Opens no connection. */
  readonly find: (input: EndpointSearchInput) => EndpointSearch | Promise<EndpointSearch>
  /** The supported products. The version in the report includes the name of the product, unless it is the first one. */
  readonly accepts: readonly [EngineProduct, ...EngineProduct[]]
  /** The environment variable that pins the API version. Default: the version is negotiated. */
  readonly apiVersionVariable?: string
  /** The environment variable that names the endpoint. Remedies mention it when nothing listens. */
  readonly endpointVariable?: string | undefined
  /**
   * The address by which containers reach this host. Default: the `hostName` of the product (`host.docker.internal`)
   * if the engine runs in a virtual machine on this machine, else the gateway of the network. The gateway is unknown
   * (`undefined`) for a rootless engine, and for an engine that is not known to run on this machine.
   */
  readonly hostAddress?: string | undefined
  /**
   * The name or address at which this process reaches published ports. Default: `127.0.0.1` for an engine on this machine, else the
   * host of the endpoint, with ssh as its configuration resolves it; not known for a process in a container that has the
   * socket of its engine.
   */
  readonly portHost?: string | undefined
  /** An image with `sh`, `iptables` and `ip6tables`, for `setupFirewall` where the container's own image has none. */
  readonly firewallImage?: string | undefined
  /** The absolute path of the program `docker-compose`. Default: found on PATH or among the plugins of the docker CLI. */
  readonly composeProgram?: string | undefined
  /** Limits in milliseconds, see {@link DockerTimeouts}. Unknown names and invalid values: INVALID_ARGUMENT. */
  readonly timeouts?: Partial<DockerTimeouts> | undefined
}

const optionKinds: OptionKinds<CompatiblePluginOptions> = {
  name: 'text',
  packageName: 'text',
  packageVersion: 'text',
  probeTimeoutMs: 'timeout',
  isChosen: 'function',
  find: 'function',
  accepts: 'list',
  apiVersionVariable: 'text',
  endpointVariable: 'text',
  hostAddress: 'text',
  portHost: 'text',
  firewallImage: 'text',
  composeProgram: 'text',
  timeouts: 'object',
}

function provideAll(scope: RegistrationScope, { details, timeouts }: Pick<DockerEngine, 'details' | 'timeouts'>): void {
  const { warn } = scope
  const { api, facts, absent } = details
  if (compareVersions(api.version, supportedApi.oldest) < 0) {
    warn(
      `${facts.title} ${facts.version} has API ${api.version}, which is older than the versions that this runtime is tested with`,
    )
  }
  const engine = new HttpEngine({ ...scope, details, timeouts })
  for (const { provide } of listManagers(absent)) provide(scope, engine)
}
