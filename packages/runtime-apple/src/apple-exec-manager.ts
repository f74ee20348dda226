import {
  type ExecManager,
  type ExecOptions,
  type ExecProcess,
  execManagerCapability,
  runtimeCapability,
} from '@capstan/core'
import { type Argv, createHostError, validateExec, validateId } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { findStoppedState, startExec } from './containers/start-exec.js'

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
      const state = await findStoppedState(this.#context, id, call)
      if (state !== undefined) throw createHostError('NOT_RUNNING', { id, state })
      return await startExec(this.#context, { id, command, options })
    })
  }
}
