import { findMatrixEngines, matrixEngines } from './engine-matrix.mjs'

/**
 * What runs on an engine: the kit, the integration tests that use an engine, or of these only the builds by the engine's BuildKit; and
 * the tests of the engine over TLS and ssh, and of Compose projects.
 *
 * @typedef {'kit' | 'integration' | 'builds' | 'remote' | 'compose'} EngineSuite
 */

/** The suites that an option of their name runs on engines, as projects of vitest. @type {readonly ('builds' | 'remote' | 'compose')[]} */
export const optionalSuites = ['builds', 'remote', 'compose']

/**
 * Returns the engines to test in the order of the matrix, and what runs on each of them.
 *
 * @param {readonly string[]} names the engines of the kit and, without `kit`, of the integration tests
 * @param {{ readonly kit?: boolean | undefined } & { readonly [K in typeof optionalSuites[number]]?: string | undefined }} options each
 *   suite has names with commas between them
 * @returns {readonly { readonly engine: import('./engine-matrix.mjs').MatrixEngine, readonly suites: readonly EngineSuite[] }[] | string}
 *   the reason when a name is unknown or there is none
 */
export function planSuites(names, { kit = false, ...options }) {
  const given = optionalSuites.map((suite) => ({ suite, engines: findSuiteEngines(options[suite]) }))
  const isOptional = given.some(({ suite }) => options[suite] !== undefined)
  const named = names.length === 0 && isOptional ? [] : findMatrixEngines(names)
  if (typeof named === 'string') return named
  const problem = given.map(({ engines }) => engines).find((engines) => typeof engines === 'string')
  if (typeof problem === 'string') return problem
  return matrixEngines.flatMap((engine) => {
    const isNamed = named.includes(engine)
    const optional = given.flatMap(({ suite, engines }) =>
      typeof engines !== 'string' && engines.includes(engine) ? [suite] : [],
    )
    /** @type {readonly (EngineSuite | false)[]} */
    const suites = [
      isNamed && 'kit',
      isNamed && !kit && 'integration',
      // The integration tests contain the builds.
      ...optional.filter((suite) => suite !== 'builds' || !(isNamed && !kit)),
    ]
    const planned = suites.filter((suite) => suite !== false)
    return planned.length === 0 ? [] : [{ engine, suites: planned }]
  })
}

/**
 * @param {string | undefined} names
 * @returns {readonly import('./engine-matrix.mjs').MatrixEngine[] | string}
 */
function findSuiteEngines(names) {
  return names === undefined ? [] : findMatrixEngines(names.split(','))
}
