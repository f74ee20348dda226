import { type ExecManager, type ExecOptions, type ExecProcess, execManagerCapability } from '@capstan/core'
import { type Argv, createHostError, validateExec, validateId } from '@capstan/core/plugin'
import { MemoryExecProcess } from './containers/memory-exec-process.js'
import { getCurrentRun, toContainerState } from './containers/state/memory-container.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'
import { createStatusFile } from './simulation/files/system-files.js'
import { applyEnvironmentChanges } from './simulation/processes/environment.js'
import { findCommand } from './simulation/processes/find-program.js'

/** Runs processes in simulated containers. The exit code of an unknown command is 127. */
export class MemoryExecManager implements ExecManager {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async exec(id: string, command: Argv, options: ExecOptions = {}): Promise<ExecProcess> {
    validateId(id)
    validateExec(command, options)
    const removed = Object.entries(options.env ?? {}).find(([, value]) => value === null)
    this.#context.checkOption(execManagerCapability, 'exec.env.unset', removed?.[0])
    return await this.#context.call('exec', options, async ({ undo }) => {
      const process = await this.#start(id, command, options)
      undo.add('exec', () => process.killAndWait())
      return process
    })
  }

  async #start(id: string, argv: Argv, options: ExecOptions): Promise<MemoryExecProcess> {
    const { engine } = this.#context
    const container = engine.containers.require(id)
    const run = getCurrentRun(container)
    if (run === undefined || run.isPaused)
      throw createHostError('NOT_RUNNING', { id, state: toContainerState(container) })
    const { user = container.user, workingDirectory = container.workingDirectory, tty: terminal = false } = options
    const env = applyEnvironmentChanges(container.env, options.env)
    const privileged = { ...container.config, privileged: true }
    const files = options.privileged
      ? container.files.withAdditionalSystemFiles(createStatusFile(privileged))
      : container.files
    const sources = { files, programs: container.image.programs, commands: engine.commands }
    const { program } = await findCommand(sources, { argv, env, workingDirectory })
    const context = {
      argv,
      env,
      pid: run.nextPid(),
      user,
      groups: container.config.groupAdd ?? [],
      workingDirectory,
      terminal,
      sources,
      networking: run.network.networking,
    }
    return new MemoryExecProcess(this.#context, { containerId: container.id, run, program, context, options })
  }
}
