import type { Argv } from '@capstan/core'
import type { BuildOutput, BuildRequest } from './build-request.js'

/** Where things of one build are in the sidecar. */
export interface BuildPlaces {
  /** Of all of them; removed afterwards. */
  readonly directory: string
  readonly context: string
  /** The directory of a Dockerfile that is not in the context. */
  readonly dockerfile: string
  readonly metadata: string
  /** A directory with a `config.json`. */
  readonly credentials: string
  /** Of each secret that is a file, by its id. */
  readonly secretFiles: Readonly<Record<string, string>>
  /** The variable of each secret that is one, by its id. */
  readonly secretVariables: Readonly<Record<string, string>>
}

/** The command line of `buildctl`: no value of a secret is in it. */
export function toBuildCommand(request: BuildRequest, places: BuildPlaces): Argv {
  const {
    dockerfile = 'Dockerfile',
    dockerfileText,
    target,
    buildArgs = {},
    labels = {},
    platforms = [],
    noCache = false,
  } = request
  const options: readonly (readonly [string, string | undefined])[] = [
    ['filename', dockerfile],
    ['target', target],
    ['platform', platforms.length === 0 ? undefined : platforms.join(',')],
    ...Object.entries(buildArgs).map(([key, value]) => [`build-arg:${key}`, value] as const),
    ...Object.entries(labels).map(([key, value]) => [`label:${key}`, value] as const),
  ]
  return [
    'buildctl',
    'build',
    '--progress=rawjson',
    '--frontend=dockerfile.v0',
    `--local=context=${places.context}`,
    `--local=dockerfile=${dockerfileText === undefined ? places.context : places.dockerfile}`,
    ...options.flatMap(([key, value]) => (value === undefined ? [] : ['--opt', `${key}=${value}`])),
    ...(noCache ? ['--no-cache'] : []),
    ...Object.entries(places.secretVariables).flatMap(([id, name]) => ['--secret', `id=${id},type=env,env=${name}`]),
    ...Object.entries(places.secretFiles).flatMap(([id, path]) => ['--secret', `id=${id},type=file,src=${path}`]),
    ...(request.cacheFrom ?? []).flatMap((text) => ['--import-cache', text]),
    ...(request.cacheTo ?? []).flatMap((text) => ['--export-cache', text]),
    ...toOutput(request.output),
    `--metadata-file=${places.metadata}`,
  ]
}

/** Without a destination an archive goes to stdout. Fields are those of CSV: several names stand in quotes. */
function toOutput(output: BuildOutput): Argv {
  switch (output.type) {
    case 'load':
      return ['--output', `type=docker,${toNames(output.tags)}`]
    case 'push':
      return ['--output', `type=image,${toNames(output.tags)},push=true`]
    case 'archive': {
      const type = output.format === 'files' ? 'tar' : output.format
      return ['--output', [`type=${type}`, ...(output.tags?.length ? [toNames(output.tags)] : [])].join(',')]
    }
    case 'cache-only':
      return []
  }
}

function toNames(tags: readonly string[]): string {
  return tags.length === 1 ? `name=${tags[0]}` : `"name=${tags.join(',')}"`
}
