import { randomUUID } from 'node:crypto'
import {
  type ExecManager,
  type ExecOptions,
  type ExecProcess,
  execManagerCapability,
  runtimeCapability,
} from '@capstan/core'
import { type Argv, createHostError, type Operation, validateExec, validateId } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { toEnvironment, toOption } from './cli/options.js'
import { AppleExecProcess } from './containers/apple-exec-process.js'
import { toExecVariable } from './containers/kill-exec.js'
import { findContainer, toContainerState } from './containers/queries/find-container.js'

/** Runs processes in running containers with `exec`. */
export class AppleExecManager implements ExecManager {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async exec(id: string, command: Argv, options: ExecOptions = {}): Promise<ExecProcess> {
    validateId(id)
    validateExec(command, options)
    const removed = Object.entries(options.env ?? {}).find(([, value]) => value === null)
    this.#context.checkOption(execManagerCapability, 'exec.env.unset', removed?.[0])
    this.#context.checkOption(runtimeCapability, 'privileged', options.privileged)
    this.#context.checkOption(runtimeCapability, 'tty', options.tty)
    return await this.#context.call({ operation: 'exec', subject: id }, options, async (call) => {
      await this.#requireRunning(id, call)
      const execId = randomUUID()
      const { stdin = true, tty: hasTerminal = false } = options
      const argv = toArguments(id, command, { options, execId })
      const session = await this.#context.cli.open(argv, {
        stdin,
        terminal: hasTerminal ? { size: undefined } : undefined,
      })
      // A terminal always has a stdin.
      if (!stdin) session.stdin?.end()
      return new AppleExecProcess(this.#context, { id, execId, session, hasTerminal, signal: options.signal })
    })
  }

  /** Rejects with NOT_RUNNING unless the container runs. One with a session that has not ended needs no inspection. */
  async #requireRunning(id: string, call: Operation): Promise<void> {
    const session = this.#context.records.find(id)?.session
    if (session !== undefined && session.ended === undefined) return
    const found = await findContainer(this.#context, id, call)
    if (found.state === 'running') return
    throw createHostError('NOT_RUNNING', { id, state: toContainerState(this.#context, found) })
  }
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
