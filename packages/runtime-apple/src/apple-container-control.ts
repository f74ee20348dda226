import {
  type ContainerControl,
  type ContainerProcess,
  type ContainerUpdate,
  containerControlCapability,
  isHostError,
  type OperationOptions,
  type OptionName,
  type StopOptions,
} from '@capstan/core'
import {
  createHostError,
  delay,
  type Operation,
  validateContainerUpdate,
  validateId,
  validateName,
  validateSignal,
  validateStopOptions,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { listProcesses } from './containers/list-processes.js'
import { findContainer, findContainerIfPresent, toContainerState } from './containers/queries/find-container.js'
import { startContainer } from './containers/start-container.js'
import { checkSignal, stopContainer, waitForSessionEnd } from './containers/stop-container.js'

/**
 * Sends signals to containers, restarts them, and lists their processes by a script in the container. The command has no words for
 * the other methods, which reject.
 */
export class AppleContainerControl implements ContainerControl {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async killContainer(id: string, signal = 'SIGKILL', options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateSignal(signal)
    checkSignal('signal', signal)
    await this.#context.call({ operation: 'killContainer', subject: id }, options, async (call) => {
      await this.#requireRunning(id, call)
      try {
        await this.#context.run(['kill', '--signal', signal.replace(/^SIG/, ''), id], { ...call, subject: id })
      } catch (error) {
        // It may have ended after the inspection.
        if (isHostError(error, 'OPERATION_FAILED')) await this.#requireRunning(id, call)
        throw error
      }
      if (isKill(signal)) await this.#waitForEnd(id, call)
    })
  }

  async restartContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateId(id)
    validateStopOptions(options)
    const { graceMs = 10_000 } = options
    await this.#context.call({ operation: 'restartContainer', subject: id }, options, async (call) => {
      const { state } = await findContainer(this.#context, id, call)
      if (state === 'running') {
        const isRemoved = this.#context.records.find(id)?.isRemovedAtExit
        this.#context.checkOption(containerControlCapability, 'container-control.autoRemove', isRemoved)
        await stopContainer(this.#context, id, { call, graceMs })
      }
      await startContainer(this.#context, id, { call })
    })
  }

  async pauseContainer(id: string): Promise<void> {
    validateId(id)
    throw this.#toUnsupported('container-control.pause', id)
  }

  async unpauseContainer(id: string): Promise<void> {
    validateId(id)
    throw this.#toUnsupported('container-control.pause', id)
  }

  async renameContainer(id: string, name: string): Promise<void> {
    validateId(id)
    validateName(name)
    throw this.#toUnsupported('container-control.rename', name)
  }

  async updateContainer(id: string, update: ContainerUpdate): Promise<void> {
    validateId(id)
    validateContainerUpdate(update)
    throw this.#toUnsupported('container-control.update', JSON.stringify(update))
  }

  async listProcesses(id: string, options: OperationOptions = {}): Promise<readonly ContainerProcess[]> {
    validateId(id)
    return await this.#context.call({ operation: 'listProcesses', subject: id }, options, async (call) => {
      await this.#requireRunning(id, call)
      return await listProcesses(this.#context, call)
    })
  }

  #toUnsupported(field: OptionName, given: string): Error {
    return this.#context.toUnsupported(field, given, this.#context.findReason(field))
  }

  async #requireRunning(id: string, call: Operation): Promise<void> {
    const found = await findContainer(this.#context, id, call)
    if (found.state === 'running') return
    throw createHostError('NOT_RUNNING', { id, state: toContainerState(this.#context, found) })
  }

  /** Waits until the container has exited. One that another process started has no session here, so it is inspected. */
  async #waitForEnd(id: string, call: Operation): Promise<void> {
    await waitForSessionEnd(this.#context, id)
    while ((await findContainerIfPresent(this.#context, id, call))?.state === 'running') await delay(intervalMs, call)
  }
}

function isKill(signal: string): boolean {
  return ['SIGKILL', 'KILL', '9'].includes(signal)
}

const intervalMs = 100
