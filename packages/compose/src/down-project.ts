import type { ComposeDownOptions, Operation } from '@capstan/core/plugin'
import { toEngineError } from './compose-errors.js'
import { type ComposeCommand, toGraceArguments } from './program/compose-command.js'
import type { ComposeEndpoint } from './program/compose-endpoint.js'
import { Transcript } from './program/transcript.js'
import { listObjects, type ProjectManagers, removeObjects } from './state/project-objects.js'

/** Stops and removes a project by its labels. */
export async function downProject(
  context: ProjectManagers & { readonly command: ComposeCommand; readonly endpoint: ComposeEndpoint },
  project: string,
  { volumes = false, graceMs }: ComposeDownOptions,
  { signal, subject }: Operation,
): Promise<void> {
  const { command, endpoint } = context
  const { containers } = await listObjects(context, project, { signal })
  if (containers.length > 0) {
    const transcript = new Transcript()
    const args = [
      ...['--project-name', project, 'down', '--remove-orphans'],
      ...(volumes ? ['--volumes'] : []),
      ...toGraceArguments(graceMs),
    ]
    const { exitCode } = await command.run(args, { endpoint, transcript, signal })
    if (exitCode !== 0) {
      const { failure: text, lastLines, steps } = transcript
      const failure = { text, exitCode, lastLines, steps }
      throw toEngineError(failure, { operation: 'down', subject, host: endpoint.host, model: undefined })
    }
  }
  // Compose keeps a network that a container of another project uses, and then exits with 0. Without containers it may not find the
  // networks.
  const left = await listObjects(context, project, { signal })
  await removeObjects(context, { ...left, containers: [], volumes: volumes ? left.volumes : [] }, { signal })
}
