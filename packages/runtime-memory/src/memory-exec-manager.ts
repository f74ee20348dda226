import {
  type Argv,
  createHostError,
  type ExecManager,
  type ExecOptions,
  type ExecProcess,
  validateExec,
  validateId,
} from '@capstan/core'
import { MemoryExecProcess } from './container/exec-process.js'
import { findRun, toContainerState } from './container/memory-container.js'
import type { MemoryConnection } from './memory-connection.js'
import { createFailing, findCommand } from './process/find-program.js'

export class MemoryExecManager implements ExecManager {
  readonly #connection: MemoryConnection

  constructor(connection: MemoryConnection) {
    this.#connection = connection
  }

  async exec(id: string, command: Argv, options: ExecOptions = {}): Promise<ExecProcess> {
    validateId(id)
    validateExec(command, options)
    return await this.#connection.call('exec', options, () => this.#exec(id, command, options))
  }

  async #exec(id: string, argv: Argv, options: ExecOptions): Promise<ExecProcess> {
    const { engine } = this.#connection
    const container = engine.containers.require(id)
    const run = findRun(container)
    if (run === undefined) throw createHostError('NOT_RUNNING', { id, state: toContainerState(container) })
    const { user = container.user, workingDirectory = container.workingDirectory, tty: terminal = false } = options
    const env = { ...container.env, ...options.env }
    const sources = { files: container.files, programs: container.image.programs, commands: engine.commands }
    const found = await findCommand(sources, { argv, env, workingDirectory })
    const { program = createFailing(found) } = found
    const surroundings = { argv, env, user, workingDirectory, terminal, sources, origin: run.origin }
    return new MemoryExecProcess(this.#connection, { containerId: container.id, run, program, surroundings, options })
  }
}
