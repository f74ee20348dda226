import { randomUUID } from 'node:crypto'
import type { ContainerState, ExecOptions } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { CliCall } from '../cli/apple-cli.js'
import { toEnvironment, toOption } from '../cli/options.js'
import { AppleExecProcess } from './apple-exec-process.js'
import { toExecVariable } from './kill-exec.js'
import { findContainer, toContainerState } from './queries/find-container.js'

/** The container, and the process that is started in it. */
export interface StartExec {
  readonly id: string
  readonly command: Argv
  /** The signal also kills the process after it was started. */
  readonly options: ExecOptions
  /** Whether an abort also kills the processes that it has started. Default false. */
  readonly killsChildren?: boolean
}

/** Starts a process in a container, which must run: see {@link findStoppedState}. */
export async function startExec(
  context: AppleRuntimeContext,
  { id, command, options, killsChildren = false }: StartExec,
): Promise<AppleExecProcess> {
  const execId = randomUUID()
  const { stdin = true, tty: hasTerminal = false } = options
  const argv = toArguments(id, command, { options, execId })
  const session = await context.cli.open(argv, { stdin, terminal: hasTerminal ? { size: undefined } : undefined })
  // A terminal always has a stdin.
  if (!stdin) session.stdin?.end()
  const { signal } = options
  return new AppleExecProcess(context, { id, execId, session, hasTerminal, signal, killsChildren })
}

/**
 * Resolves with the state of a container that does not run, else with `undefined`. One with a session that has not ended needs no
 * inspection. Rejects with CONTAINER_NOT_FOUND.
 */
export async function findStoppedState(
  context: AppleRuntimeContext,
  id: string,
  call: CliCall,
): Promise<ContainerState | undefined> {
  const session = context.records.find(id)?.session
  if (session !== undefined && session.ended === undefined) return undefined
  const found = await findContainer(context, id, call)
  return found.state === 'running' ? undefined : toContainerState(context, found)
}

function toArguments(
  id: string,
  command: Argv,
  { options, execId }: { readonly options: ExecOptions; readonly execId: string },
): readonly string[] {
  const { env = {}, user, workingDirectory, stdin = true, tty } = options
  return [
    'exec',
    ...toEnvironment(env),
    ...toOption('env', toExecVariable(execId)),
    ...toOption('user', user),
    ...toOption('workdir', workingDirectory),
    ...(stdin || tty ? ['--interactive'] : []),
    ...(tty ? ['--tty'] : []),
    id,
    ...command,
  ]
}
