import { findMatrixEngines, matrixEngines } from './engine-matrix.mjs'

/**
 * What runs on an engine: the kit, the integration tests that use an engine, or of these only the builds by the engine's BuildKit.
 *
 * @typedef {'kit' | 'integration' | 'builds'} EngineSuite
 */

/**
 * Returns the engines to test in the order of the matrix, and what runs on each of them.
 *
 * @param {readonly string[]} names the engines of the kit and, without `kit`, of the integration tests
 * @param {{ readonly kit?: boolean | undefined, readonly builds?: string | undefined }} options `builds` has names with commas
 *   between them
 * @returns {readonly { readonly engine: import('./engine-matrix.mjs').MatrixEngine, readonly suites: readonly EngineSuite[] }[] | string}
 *   the reason when a name is unknown or there is none
 */
export function planSuites(names, { kit = false, builds }) {
  const named = names.length === 0 && builds !== undefined ? [] : findMatrixEngines(names)
  const building = builds === undefined ? [] : findMatrixEngines(builds.split(','))
  if (typeof named === 'string') return named
  if (typeof building === 'string') return building
  return matrixEngines.flatMap((engine) => {
    const isNamed = named.includes(engine)
    /** @type {readonly (EngineSuite | false)[]} */
    const suites = [
      isNamed && 'kit',
      isNamed && !kit && 'integration',
      // The integration tests contain the builds.
      building.includes(engine) && !(isNamed && !kit) && 'builds',
    ]
    const planned = suites.filter((suite) => suite !== false)
    return planned.length === 0 ? [] : [{ engine, suites: planned }]
  })
}
