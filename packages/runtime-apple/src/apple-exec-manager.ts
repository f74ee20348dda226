import { randomUUID } from 'node:crypto'
import {
  type Argv,
  createHostError,
  type ExecManager,
  type ExecOptions,
  type ExecProcess,
  validateExec,
  validateId,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from './apple-connection.js'
import { toEnvironment, toOption } from './container/create-arguments.js'
import { findContainer, toContainerState } from './container/find-container.js'
import { AppleExecProcess } from './exec/apple-exec-process.js'
import { toMark } from './exec/kill-exec.js'

/** Further processes in running containers, by `exec`. */
export class AppleExecManager implements ExecManager {
  readonly #connection: AppleConnection

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async exec(id: string, command: Argv, options: ExecOptions = {}): Promise<ExecProcess> {
    validateId(id)
    validateExec(command, options)
    const removed = Object.entries(options.env ?? {}).find(([, value]) => value === null)
    this.#connection.refuse('exec.env.unset', removed?.[0])
    this.#connection.refuse('privileged', options.privileged)
    this.#connection.refuse('tty', options.tty)
    return await this.#connection.call({ operation: 'exec', subject: id }, options, async (call) => {
      await this.#requireRunning(id, call)
      const mark = randomUUID()
      const { stdin = true, tty: hasTerminal = false } = options
      const argv = toArguments(id, command, { options, mark })
      const session = await this.#connection.cli.open(argv, {
        stdin,
        terminal: hasTerminal ? { size: undefined } : undefined,
      })
      // A terminal has an input in any case; its end is typed.
      if (!stdin) session.stdin?.end()
      return new AppleExecProcess(this.#connection, { id, mark, session, hasTerminal, signal: options.signal })
    })
  }

  /** What this process holds the session of is known to run. */
  async #requireRunning(id: string, call: AppleCall): Promise<void> {
    const session = this.#connection.kept.find(id)?.session
    if (session !== undefined && session.ended === undefined) return
    const found = await findContainer(this.#connection, id, call)
    if (found.state === 'running') return
    throw createHostError('NOT_RUNNING', { id, state: toContainerState(this.#connection, found) })
  }
}

function toArguments(
  id: string,
  command: Argv,
  { options, mark }: { readonly options: ExecOptions; readonly mark: string },
): readonly string[] {
  const { env = {}, user, workingDirectory, stdin = true, tty } = options
  return [
    'exec',
    ...toEnvironment(env),
    ...toOption('env', toMark(mark)),
    ...toOption('user', user),
    ...toOption('workdir', workingDirectory),
    ...(stdin || tty ? ['--interactive'] : []),
    ...(tty ? ['--tty'] : []),
    id,
    ...command,
  ]
}
