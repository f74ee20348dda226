import type { Argv } from '@capstan/core/plugin'
import type { BuildOutput, BuildRequest } from './build-request.js'

/** The paths of one build in the sidecar, and the names of its secret variables. */
export interface BuildPaths {
  /** Contains all files of the build. It is removed after the build. */
  readonly directory: string
  readonly contextDirectory: string
  /** Contains a Dockerfile that is not part of the context. */
  readonly dockerfileDirectory: string
  readonly metadataFile: string
  /** Contains `config.json` with the registry credentials. The value of DOCKER_CONFIG. */
  readonly dockerConfigDirectory: string
  /** Secrets that are passed as files: path by secret id. */
  readonly secretFiles: Readonly<Record<string, string>>
  /** Secrets that are passed as environment variables: variable name by secret id. */
  readonly secretVariables: Readonly<Record<string, string>>
}

/** Returns the command line of `buildctl`. It contains no value of a secret. */
export function toBuildCommand(request: BuildRequest, paths: BuildPaths): Argv {
  const { dockerfile = 'Dockerfile', dockerfileText, target, buildArgs = {}, labels = {}, platforms = [] } = request
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
    `--local=context=${paths.contextDirectory}`,
    `--local=dockerfile=${dockerfileText === undefined ? paths.contextDirectory : paths.dockerfileDirectory}`,
    ...options.flatMap(([key, value]) => (value === undefined ? [] : ['--opt', `${key}=${value}`])),
    ...(request.noCache ? ['--no-cache'] : []),
    ...Object.entries(paths.secretVariables).flatMap(([id, name]) => ['--secret', `id=${id},type=env,env=${name}`]),
    ...Object.entries(paths.secretFiles).flatMap(([id, path]) => ['--secret', `id=${id},type=file,src=${path}`]),
    ...(request.cacheFrom ?? []).flatMap((text) => ['--import-cache', text]),
    ...(request.cacheTo ?? []).flatMap((text) => ['--export-cache', text]),
    ...toOutput(request.output),
    `--metadata-file=${paths.metadataFile}`,
  ]
}

/** Without `dest=`, buildctl writes the archive to stdout, from which Capstan reads it. */
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

/** The value of `--output` is parsed as CSV, so a field with several names is quoted. */
function toNames(tags: readonly string[]): string {
  return tags.length === 1 ? `name=${tags[0]}` : `"name=${tags.join(',')}"`
}
