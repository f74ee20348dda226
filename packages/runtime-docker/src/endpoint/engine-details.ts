import type { ComposeSearch } from '@capstan/compose'
import { addUnsupportedVolumeMounts, type Environment } from '@capstan/core/plugin'
import { compareVersions } from '../engine/api-version.js'
import type { DockerDetails } from '../engine/docker-details.js'
import type { DockerEndpoint } from '../engine/docker-endpoint.js'
import { findUnknownHostReason, toEngineFacts } from '../engine/engine-facts.js'
import type { EngineProduct } from '../engine/engine-product.js'
import type { LocalMachine } from '../engine/local-machine.js'
import type { EngineFindings } from './ask-engine.js'
import { toPortHost } from './engine-host.js'
import { findNoCluster } from './find-no-cluster.js'
import { toAbsentCapabilities, toUnsupportedOptions } from './unsupported-options.js'

/** Derives the details of a runtime from the engine's answers and the adjustments of the product. */
export function toDetails({ api, product, info }: EngineFindings, options: DetailsOptions): DockerDetails {
  const { endpoint, remoteHost, system, env, accepts, hostAddress, firewallImage, compose } = options
  const found = toEngineFacts({ product, info, endpoint, remoteHost, system })
  const refused = toUnsupportedOptions(found, { info, product })
  const adjusted = product.adjust?.({ api, facts: found, unsupportedOptions: refused, info, env }) ?? {}
  const { quirks = {}, notes = [] } = adjusted
  const absent = [...toAbsentCapabilities(found, { api, product, info, compose }), ...(adjusted.absent ?? [])]
  const unsupportedOptions = addUnsupportedVolumeMounts(adjusted.unsupportedOptions ?? refused, absent)
  const facts = { ...found, ...adjusted.facts }
  const unknownHost = hostAddress === undefined ? findUnknownHostReason(facts) : undefined
  const general = [
    ...toNotes(facts, accepts),
    ...toUntestedNotes(facts, product),
    ...(unknownHost === undefined
      ? []
      : [`the address by which containers reach this host is unknown: ${unknownHost}; pass hostAddress to the plugin`]),
    ...(findNoCluster(info, product) === undefined ? ['the engine manages a swarm, on whose nodes jobs run'] : []),
    ...(api.pinned ? [`API version ${api.version} is pinned by the environment`] : []),
    ...notes,
  ]
  const { portHost = toPortHost(facts, system) } = options
  return {
    ...{ endpoint, api, facts, unsupportedOptions, absent, quirks, notes: general },
    ...{ compose: compose.program, portHost, hostAddress, firewallImage },
  }
}

export interface DetailsOptions {
  readonly endpoint: DockerEndpoint
  /** See `EngineFacts`. */
  readonly remoteHost?: string | undefined
  readonly system: LocalMachine
  readonly env: Environment
  readonly accepts: readonly EngineProduct[]
  readonly portHost?: string | undefined
  readonly compose: ComposeSearch
  readonly hostAddress?: string | undefined
  readonly firewallImage?: string | undefined
}

/** The version of the engine in reports. It includes the product unless that is the plugin's first product. */
export function toVersionText({ title, version, product }: DockerDetails['facts'], [own]: Accepts): string {
  return product === own?.product ? version : `${title} ${version}`
}

type Accepts = DetailsOptions['accepts']

/** Notes about the engine that are not unsupported options. */
function toNotes(
  { title, version, product, remoteHost, rootless, osType }: DockerDetails['facts'],
  [own]: Accepts,
): readonly string[] {
  const notes: string[] = []
  if (product !== own?.product) notes.push(`the engine is ${title} ${version}, which has Docker's API`)
  if (remoteHost !== undefined) {
    notes.push(
      `the engine runs on another machine, ${remoteHost}: sources of bind mounts and published ports are on that machine`,
    )
  }
  if (rootless) notes.push('the engine is rootless: containers cannot connect to ports on 127.0.0.1 of this host')
  if (osType === 'windows') notes.push('the engine runs Windows containers, which is not verified')
  return notes
}

/** Compares releases without the patch. A version that does not start with a release has no note. */
function toUntestedNotes(
  { title, version }: DockerDetails['facts'],
  { testedVersions: tested }: EngineProduct,
): readonly string[] {
  const [release] = /^\d+\.\d+/.exec(version) ?? []
  if (tested === undefined || release === undefined) return []
  const range = `the tested versions ${tested.oldest} to ${tested.newest}`
  if (compareVersions(release, tested.oldest) < 0) return [`${title} ${version} is older than ${range}`]
  return compareVersions(release, tested.newest) > 0 ? [`${title} ${version} is newer than ${range}`] : []
}
