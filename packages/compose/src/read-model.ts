import type { ComposeSource, OperationOptions } from '@capstan/core'
import { toSourceError } from './compose-errors.js'
import type { ComposeCommand } from './program/compose-command.js'
import type { ComposeEndpoint } from './program/compose-endpoint.js'
import { Transcript } from './program/transcript.js'
import { type ProjectModel, parseProjectModel } from './project/project-model.js'

/** Reads the files of a project by `config`. */
export async function readModel(
  command: ComposeCommand,
  source: ComposeSource,
  { endpoint, signal }: OperationOptions & { readonly endpoint: ComposeEndpoint },
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
