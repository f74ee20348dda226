import type { StringMap } from '@capstan/core'
import { type CreateBody, dropUndefined } from '../../container/create-body.js'

/**
 * The body of the create of a sandbox: all of the container's network, and a process that waits. Pure.
 *
 * Its process has the right to change the namespace, which the container's need not have.
 */
export function toSandboxBody(body: CreateBody, { image, firstId, labels, names }: SandboxOptions): CreateBody {
  const { NetworkMode, Dns, ExtraHosts, PortBindings } = body.HostConfig
  return dropUndefined({
    Image: image,
    User: '0:0',
    WorkingDir: '/',
    Entrypoint: ['/bin/sh', '-c', 'while sleep 86400; do :; done'],
    Cmd: [],
    Healthcheck: { Test: ['NONE'] },
    Hostname: body.Hostname ?? firstId.slice(0, 12),
    ExposedPorts: body.ExposedPorts,
    Labels: labels,
    HostConfig: dropUndefined({
      NetworkMode,
      Dns,
      ExtraHosts,
      PortBindings,
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/run': '' }, // for the lock of iptables, also where the image has no such directory
      LogConfig: { Type: 'json-file', Config: {} },
    }),
    NetworkingConfig: withNames(body.NetworkingConfig, names),
  })
}

/** Options of `toSandboxBody`. */
export interface SandboxOptions {
  readonly image: string
  readonly firstId: string
  readonly labels: StringMap
  /** By these the container's peers find it on its own networks. */
  readonly names: readonly string[]
}

/** The body of the container itself, in the network namespace of its sandbox: the engine refuses all that is the network's. */
export function toSandboxedBody(
  body: CreateBody,
  { image, sandboxId, labels, hostname }: SandboxedOptions,
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

/** Options of `toSandboxedBody`. */
export interface SandboxedOptions {
  readonly image: string
  readonly sandboxId: string
  readonly labels: StringMap
  /** Where the engine does not give it that of its sandbox. */
  readonly hostname: string | undefined
}

function withNames(
  networking: CreateBody['NetworkingConfig'],
  names: readonly string[],
): CreateBody['NetworkingConfig'] {
  if (networking === undefined || names.length === 0) return networking
  const entries = Object.entries(networking.EndpointsConfig)
  return {
    EndpointsConfig: Object.fromEntries(
      entries.map(([network, settings]) => [
        network,
        { ...settings, Aliases: [...(settings.Aliases ?? []), ...names] },
      ]),
    ),
  }
}
