import type { StringMap } from '@capstan/core/plugin'
import { dropUndefined } from '../../containers/create-body.js'
import type { CreateBody, EndpointSettings } from '../../engine/docker-api.js'
import { toShellContainer } from '../rules/shell-container.js'

/**
 * The body of the create request for a sandbox: the container's network settings, and a process that waits. Pure.
 *
 * The sandbox has NET_ADMIN and NET_RAW, so the container itself does not need them.
 */
export function toSandboxBody(body: CreateBody, { image, firstId, labels, aliases }: SandboxOptions): CreateBody {
  const { NetworkMode, Dns, ExtraHosts, PortBindings } = body.HostConfig
  const hostConfig = dropUndefined({ NetworkMode, Dns, ExtraHosts, PortBindings })
  const script = 'while sleep 86400; do :; done'
  return dropUndefined({
    ...toShellContainer({ image, script, labels, hostConfig }),
    Hostname: body.Hostname ?? firstId.slice(0, 12),
    ExposedPorts: body.ExposedPorts,
    NetworkingConfig: withAliases(body.NetworkingConfig, aliases),
  })
}

/** Options of `toSandboxBody`. */
export interface SandboxOptions {
  readonly image: string
  readonly firstId: string
  readonly labels: StringMap
  /** Added on each network except a Docker Engine's default network. */
  readonly aliases: readonly string[]
}

/** The body for the container itself, in the network namespace of its sandbox: without network settings, which the engine refuses. */
export function toReplacementBody(
  body: CreateBody,
  { image, sandboxId, labels, hostname }: ReplacementOptions,
): CreateBody {
  const { Hostname: _hostname, ExposedPorts: _ports, NetworkingConfig: _networking, ...rest } = body
  const { Dns: _dns, ExtraHosts: _hosts, PortBindings: _bindings, ...hostConfig } = body.HostConfig
  return dropUndefined({
    ...rest,
    Image: image,
    Hostname: hostname,
    Labels: { ...body.Labels, ...labels },
    HostConfig: { ...hostConfig, NetworkMode: `container:${sandboxId}` },
  })
}

/** Options of `toReplacementBody`. */
export interface ReplacementOptions {
  readonly image: string
  readonly sandboxId: string
  readonly labels: StringMap
  /** For an engine that does not give it the host name of its sandbox. */
  readonly hostname: string | undefined
}

function withAliases(
  networking: CreateBody['NetworkingConfig'],
  aliases: readonly string[],
): CreateBody['NetworkingConfig'] {
  if (networking === undefined) return networking
  const entries = Object.entries(networking.EndpointsConfig)
  return {
    EndpointsConfig: Object.fromEntries(
      entries.map(([network, settings]) => [network, withNames(settings, toAliasesIn(network, aliases))]),
    ),
  }
}

function withNames(settings: EndpointSettings, names: readonly string[]): EndpointSettings {
  return names.length === 0 ? settings : { ...settings, Aliases: [...(settings.Aliases ?? []), ...names] }
}

/** The aliases for a network. The default network of a Docker Engine has no name service, and takes no aliases. */
export function toAliasesIn(network: string, aliases: readonly string[]): readonly string[] {
  return network === 'bridge' ? [] : aliases
}
