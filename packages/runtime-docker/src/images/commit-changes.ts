import type { ImageChanges } from '@capstan/core'
import { createHostError, parseOciImageConfig, type StringMap } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findImage } from './images.js'

/**
 * Returns the changes of a commit as instructions of a Dockerfile for an engine with the quirk `ignoresCommitBody`;
 * `undefined` for other engines, to which they are sent as the settings of the image.
 *
 * Podman 4.3 takes one value for each instruction, and removes quotes around a value without reading escapes.
 */
export function toCommitInstructions(
  { details }: Pick<DockerEngine, 'details'>,
  changes: ImageChanges,
): readonly string[] | undefined {
  if (!details.quirks.ignoresCommitBody) return undefined
  const { entrypoint, command = entrypoint && [], env = {}, labels = {}, exposedPorts = [], volumes } = changes
  const { user, workingDirectory, stopSignal } = changes
  return [
    ...toPairs('ENV', env),
    ...toPairs('LABEL', labels),
    ...exposedPorts.map(({ containerPort, protocol }) => `EXPOSE ${containerPort}/${protocol}`),
    ...(volumes === undefined ? [] : [`VOLUME ${JSON.stringify(volumes)}`]),
    ...(user === undefined ? [] : [`USER ${user}`]),
    ...(workingDirectory === undefined ? [] : [`WORKDIR ${workingDirectory}`]),
    ...(stopSignal === undefined ? [] : [`STOPSIGNAL ${stopSignal}`]),
    ...(entrypoint === undefined ? [] : [`ENTRYPOINT ${JSON.stringify(entrypoint)}`]),
    ...(command === undefined ? [] : [`CMD ${JSON.stringify(command)}`]),
  ]
}

function toPairs(keyword: string, values: StringMap): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${keyword} ${name}="${value}"`)
}

/**
 * Rejects with OPTION_UNSUPPORTED when an engine with the quirk `ignoresCommitBody` has changed a value, such as one that
 * begins with a quote.
 */
export async function checkChangesApplied(
  engine: DockerEngine,
  { id, changes }: { readonly id: string; readonly changes: ImageChanges },
  call: EngineCall,
): Promise<void> {
  if (!engine.details.quirks.ignoresCommitBody) return
  const made = parseOciImageConfig((await findImage(engine, id, call))?.Config)
  const { labels = {}, env = {} } = changes
  const { labels: madeLabels, env: madeEnv } = made
  const wrong =
    Object.keys(labels).find((key) => madeLabels[key] !== labels[key]) ??
    Object.keys(env).find((name) => madeEnv[name] !== env[name])
  if (wrong === undefined) return
  throw createHostError('OPTION_UNSUPPORTED', {
    runtime: engine.runtimeName,
    field: 'commit',
    given: wrong,
    reason: `the engine changes the value of ${wrong}`,
    remedy: 'omit quotes at the ends of the value and line feeds, or build an image from the new one',
  })
}
