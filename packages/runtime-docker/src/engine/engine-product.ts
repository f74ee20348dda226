import type { MissingCapability } from '@capstan/core'
import type { EngineFacts } from './docker-details.js'
import type { EngineAdjustment, FoundEngine } from './engine-adjustment.js'

/** A product that a plugin supports, how it is recognized, and the oldest supported API version. */
export interface EngineProduct {
  /** In lower case; for `facts.product`. */
  readonly product: string
  /** The name of the product in messages and reports. */
  readonly title: string
  /** The product in the header `Server`: `Docker` of `Docker/20.10.24 (linux)`. */
  readonly serverHeader: string
  /** The name of its component in `/version`, used when a proxy removes the header. */
  readonly versionComponent: string
  /** Whether engines with an unknown name count as this product. Default false: they are rejected. */
  readonly isDefault?: boolean
  /** The oldest API version that is supported. */
  readonly oldestApi: string
  /** The API version from which the engine serves the API of its own BuildKit. Default: it has no BuildKit. */
  readonly buildKitApi?: string
  /** The tested releases, `major.minor`. The report of an older or newer engine has a note. Default: no note. */
  readonly testedVersions?: { readonly oldest: string; readonly newest: string }
  /** The name by which containers reach the host when the engine runs in a virtual machine on it. */
  readonly hostName: string
  /** Returns why a release of Compose does not run projects on the engine. Default: every release does. */
  readonly findComposeProblem?: (
    facts: EngineFacts,
    composeVersion: string,
  ) => Pick<MissingCapability, 'reason' | 'remedy'> | undefined
  /** Returns the differences of the engine that was found. Default: none. */
  readonly adjust?: (found: FoundEngine) => EngineAdjustment
}

/** Finds the product by the header `Server`; `undefined` when no product matches. */
export function findByServer(accepts: readonly EngineProduct[], server: string): EngineProduct | undefined {
  return accepts.find((accepted) => server.startsWith(`${accepted.serverHeader}/`))
}

/**
 * Finds the product by the components of `/version`, or else the default product.
 *
 * @throws EngineProductError that names the engine that answered and the supported products.
 */
export function findByComponents(
  accepts: readonly EngineProduct[],
  { server, components }: { readonly server: string; readonly components: readonly string[] },
): EngineProduct {
  const matched = accepts.find(({ versionComponent }) => components.includes(versionComponent))
  const found = matched ?? accepts.find(({ isDefault }) => isDefault)
  if (found !== undefined) return found
  const served = accepts.map(({ title }) => title).join(' or ')
  throw new EngineProductError(`the engine is ${server || components[0] || 'an unnamed engine'}, not ${served}`)
}

/** The error for an engine of a product that the plugin does not support. */
class EngineProductError extends Error {
  readonly code = 'ENGINE_PRODUCT'
}
