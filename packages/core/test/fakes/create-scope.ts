import type { Capability } from '../../src/index.js'
import { createScopeContainer } from '../../src/injection/di.js'
import type { CapabilityScope } from '../../src/plugin.js'

/** Creates the scope of the runtime `fake` with these capabilities and their implementations. */
export function createScope(...provided: readonly (readonly [Capability<object>, object])[]): CapabilityScope {
  const container = createScopeContainer()
  for (const [{ token }, implementation] of provided) container.register(token, { useValue: implementation })
  return { runtimeName: 'fake', container }
}
