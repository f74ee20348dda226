/**
 * Returns how to stop the used engine when this tool has started it; `undefined` for other engines. An engine of an earlier
 * run may have other users.
 *
 * @param {object} given
 * @param {import('./find-engine.mjs').FoundEngine | undefined} given.used
 * @param {Pick<import('./engine-files.mjs').EngineState, 'host'> | undefined} given.own the engine that was set up here, while it runs
 * @param {boolean} given.isNew whether this run set it up
 * @returns {string | undefined}
 */
export function toStopAdvice({ used, own, isNew }) {
  if (used === undefined || own === undefined || used.endpoint.host !== own.host) return undefined
  const command = 'node tools/engine/engine.mjs down'
  return isNew
    ? `The engine goes on running. Stop it with: ${command}`
    : `The engine was set up by an earlier npm start. If nobody else uses it, stop it with: ${command}`
}
