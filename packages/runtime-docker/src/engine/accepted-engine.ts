import type { EngineAdjustment, FoundEngine } from './engine-adjustment.js'

/** A product that a plugin serves, how it is told by what it says of itself, and from where on. */
export interface AcceptedEngine {
  /** In lower case; for `facts.product`. */
  readonly product: string
  /** As messages and reports name it. */
  readonly title: string
  /** Begin of the header `Server`: `Libpod` of `Libpod/4.3.1 (linux)`. */
  readonly server: string
  /** The component of `/version`, for where a proxy leaves the header out. */
  readonly component: string
  /** What names itself otherwise counts as this one too. Default false: it is not accepted. */
  readonly orOther?: boolean
  /** The oldest API version that is taken. */
  readonly oldestApi: string
  /** The name that containers have for the host, where the engine runs in a virtual machine that stands for it. */
  readonly hostName: string
  /** What is otherwise with one that was found. Default: nothing. */
  readonly adjust?: (found: FoundEngine) => EngineAdjustment
}

/** By the header; `undefined` where that does not tell it. */
export function findByServer(accepts: readonly AcceptedEngine[], server: string): AcceptedEngine | undefined {
  return accepts.find((accepted) => server.startsWith(`${accepted.server}/`))
}

/**
 * By the components, else the one that stands for others.
 *
 * @throws EngineProductError that names what answers, and what is served.
 */
export function findByComponents(
  accepts: readonly AcceptedEngine[],
  { server, components }: { readonly server: string; readonly components: readonly string[] },
): AcceptedEngine {
  const told = accepts.find(({ component }) => components.includes(component))
  const found = told ?? accepts.find(({ orOther }) => orOther)
  if (found !== undefined) return found
  const served = accepts.map(({ title }) => title).join(' or ')
  throw new EngineProductError(`what answers is ${server || components[0] || 'an unnamed engine'}, and not ${served}`)
}

/** An engine that is there and is another product than the plugin serves. */
class EngineProductError extends Error {
  readonly code = 'ENGINE_PRODUCT'
}
