import type { ComposeSource, OperationOptions } from '@capstan/core'
import { check, joinWords } from '@capstan/core/plugin'
import { toSourceError } from './compose-errors.js'
import type { ComposeCommand } from './program/compose-command.js'
import type { ComposeEndpoint } from './program/compose-endpoint.js'
import { Transcript } from './program/transcript.js'
import { type ProjectModel, parseProjectModel } from './project/project-model.js'

/** How the files of a project are read. */
interface ReadOptions extends OperationOptions {
  readonly endpoint: ComposeEndpoint
}

/**
 * Reads the files of a project of which these services are started. If one of them is not active, their profiles become active, as the
 * Compose Specification requires. Resolves with the source that has these profiles as well.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown service
 */
export async function readActivated(
  command: ComposeCommand,
  source: ComposeSource,
  { services = [], ...options }: ReadOptions & { readonly services?: readonly string[] | undefined },
): Promise<{ readonly source: ComposeSource; readonly model: ProjectModel }> {
  const model = await readModel(command, source, options)
  if (services.every((name) => model.services.some((service) => service.name === name))) return { source, model }
  const all = await readModel(command, { ...source, profiles: ['*'] }, options)
  // The option --profile replaces the variable COMPOSE_PROFILES, also that of a file, by which services are active.
  const active = model.services.flatMap((service) => service.profiles)
  const named = services.flatMap((name, index) => {
    const service = all.services.find((each) => each.name === name)
    const known = all.services.map((each) => each.name)
    check(service !== undefined, `services[${index}]`, `a service of the project: ${joinWords(known, 'or')}`, name)
    return service.profiles
  })
  const profiles = new Set([...(source.profiles ?? []), ...active, ...named])
  const activated = { ...source, profiles: [...profiles] }
  return { source: activated, model: await readModel(command, activated, options) }
}

/** Reads the files of a project by `config`. */
export async function readModel(
  command: ComposeCommand,
  source: ComposeSource,
  { endpoint, signal }: ReadOptions,
): Promise<ProjectModel> {
  const { name, files, content, env: variables } = source
  const transcript = new Transcript()
  const args = [...toSourceArguments(source), 'config', '--format', 'json']
  const { exitCode, stdout } = await command.run(args, { endpoint, variables, input: content, transcript, signal })
  if (exitCode === 0) return parseProjectModel(stdout)
  const { failure: text, lastLines, steps } = transcript
  throw toSourceError({ text, exitCode, lastLines, steps }, { files, subject: name })
}

/** Returns the options that name the project and its files. */
export function toSourceArguments({
  name,
  files,
  directory,
  profiles = [],
  envFiles = [],
}: ComposeSource): readonly string[] {
  return [
    ...['--project-name', name],
    ...(directory === undefined ? [] : ['--project-directory', directory]),
    ...envFiles.flatMap((file) => ['--env-file', file]),
    ...profiles.flatMap((profile) => ['--profile', profile]),
    ...(files ?? ['-']).flatMap((file) => ['--file', file]),
  ]
}
