import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ContainerConfig } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { getHostAddress } from '../endpoint/host-address.js'
import { isAbsentFile } from '../engine/absent-file.js'
import type { CreateBody } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { findVolume, sendCreateVolume } from '../volumes/create-volume.js'
import { type CreateContext, toMountedLabels } from '../volumes/mounted-volumes.js'

/**
 * Rejects with INVALID_ARGUMENT for a missing source of a bind mount on an engine with the quirk `createsBindSources`, and on every
 * engine for a source to relabel, which is sent in `Binds`.
 */
export async function checkBindSources(
  { details }: Pick<DockerEngine, 'details'>,
  { mounts = [] }: ContainerConfig,
): Promise<void> {
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'bind') continue
    if (!details.quirks.createsBindSources && mount.relabel === undefined) continue
    if (await exists(mount.source)) continue
    const expected = 'a file or directory that exists on the machine of the engine'
    const facts = { field: `mounts[${index}].source`, expected, given: JSON.stringify(mount.source) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
}

/** Whether the path exists. The engine may access paths that this user may not. */
function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !isAbsentFile(error),
  )
}

/**
 * Replaces `host-gateway` in `extraHosts` on an engine with the quirk `lacksHostGateway`. Rejects with OPTION_UNSUPPORTED
 * without a known address.
 */
export async function withHostGateway(
  engine: DockerEngine,
  config: ContainerConfig,
  { signal, hasCallerSignal }: EngineCall,
): Promise<ContainerConfig> {
  const { extraHosts = {}, network } = config
  if (!engine.details.quirks.lacksHostGateway || !Object.values(extraHosts).includes(hostGateway)) return config
  const joined = network?.mode === 'networks' ? { networkId: network.networks[0].networkId } : {}
  const address = await getHostAddress(engine, { ...joined, signal, hasCallerSignal })
  if (address === undefined || isIP(address) === 0) {
    const found =
      address === undefined ? 'the address of this host is unknown' : `only the name ${address} of this host is known`
    throw createHostError('OPTION_UNSUPPORTED', {
      runtime: engine.runtimeName,
      field: 'extraHosts',
      given: hostGateway,
      reason: `the engine does not support host-gateway, and ${found}`,
      remedy: 'pass hostAddress to the plugin',
    })
  }
  const entries = Object.entries(extraHosts).map(([name, given]) => [name, given === hostGateway ? address : given])
  return { ...config, extraHosts: Object.fromEntries(entries) }
}

/**
 * Creates the missing volumes of a container's mounts on an engine with the quirk `dropsVolumeLabels`. Other engines
 * create them with the labels of the mount in the same request as the container.
 */
export async function createLabelledVolumes(
  engine: DockerEngine,
  config: ContainerConfig,
  { call, requestIdLabel }: CreateContext,
): Promise<void> {
  if (!engine.details.quirks.dropsVolumeLabels) return
  const toLabels = toMountedLabels(engine, config, requestIdLabel)
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    if (mount.type !== 'volume') continue
    const own = { ...call, subject: mount.source, field: `mounts[${index}].source` }
    if ((await findVolume(engine, own)) !== undefined) continue
    const sent = sendCreateVolume(engine, { call: own, labels: toLabels(mount), requestIdLabel })
    await ignoreErrors(['NAME_CONFLICT'], sent) // another client created the volume meanwhile, and it is mounted
  }
}

/** Moves the names of variables to remove from `Env` to `UnsetEnv` on an engine with the quirk `usesUnsetEnv`. */
export function withUnsetEnv({ details }: Pick<DockerEngine, 'details'>, body: CreateBody): CreateBody {
  const { Env = [] } = body
  const UnsetEnv = Env.filter((line) => !line.includes('='))
  if (!details.quirks.usesUnsetEnv || UnsetEnv.length === 0) return body
  return { ...body, Env: Env.filter((line) => line.includes('=')), UnsetEnv }
}

/** Sends the option `systempaths=unconfined` unchanged to an engine with the quirk `ignoresMaskedPaths`. */
export function withSystemPaths(
  { details }: Pick<DockerEngine, 'details'>,
  { securityOptions: SecurityOpt }: ContainerConfig,
  body: CreateBody,
): CreateBody {
  if (!details.quirks.ignoresMaskedPaths || !SecurityOpt?.includes(openSystemPaths)) return body
  return { ...body, HostConfig: { ...body.HostConfig, SecurityOpt } }
}

/** An option that Docker's client converts and Podman's engine supports. */
export const openSystemPaths = 'systempaths=unconfined'

const hostGateway = 'host-gateway'
