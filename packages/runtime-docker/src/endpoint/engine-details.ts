import type { DockerDetails } from '../docker-details.js'
import type { EngineFindings } from './ask-engine.js'
import type { DockerEndpoint } from './docker-endpoint.js'
import type { DockerSystem } from './docker-system.js'
import { toEngineFacts } from './engine-facts.js'
import { toRefusedOptions } from './refused-options.js'

/** All that an opened runtime needs to know, from what the engine said. */
export function toDetails(
  { api, product, info }: EngineFindings,
  { endpoint, system, hostAddress, firewallImage }: DetailsOptions,
): DockerDetails {
  const facts = toEngineFacts({ product, info, endpoint, system })
  return { endpoint, api, facts, refuses: toRefusedOptions(facts, info, hostAddress), hostAddress, firewallImage }
}

export interface DetailsOptions {
  readonly endpoint: DockerEndpoint
  readonly system: DockerSystem
  readonly hostAddress: string | undefined
  readonly firewallImage: string | undefined
}

/** Facts of this engine that a user of it should know, and that are no refusals. */
export function toNotes({ api, facts }: DockerDetails): readonly string[] {
  const notes: string[] = []
  if (facts.product === 'podman') notes.push(`the engine is Podman ${facts.version}, which speaks Docker's API`)
  if (facts.rootless)
    notes.push('the engine is rootless: containers do not reach what listens on 127.0.0.1 of this host')
  if (facts.osType === 'windows') notes.push('the engine runs Windows containers, which is not verified')
  if (api.pinned) notes.push(`API version ${api.version} is pinned by DOCKER_API_VERSION`)
  return notes
}

/** As reports name the engine: its version alone when it is Docker's own. */
export function toVersionText({ product, version }: DockerDetails['facts']): string {
  return product === 'podman' ? `Podman ${version}` : version
}
