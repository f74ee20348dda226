import {
  type ContainerControl,
  type ContainerProcess,
  type ContainerUpdate,
  containerControlCapability,
  type OperationOptions,
  type OptionName,
  type StopOptions,
} from '@capstan/core'
import { checkOption, validateName, validateSignal, validateStopOptions } from '@capstan/core/plugin'
import { validateContainerId } from './containers/inspection/inspect-container.js'
import { killContainer } from './containers/kill-container.js'
import { listProcesses } from './containers/list-processes.js'
import { pauseContainer, unpauseContainer } from './containers/pause-container.js'
import { renameContainer } from './containers/rename-container.js'
import { updateContainer } from './containers/update-container.js'
import { validateUpdate } from './containers/validate-config.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { restartContainer } from './firewall/restart-container.js'
import { releaseSandboxIfEnded } from './firewall/sandbox/release-sandbox.js'

/** Controls the containers of a Docker Engine. A method validates its arguments, then runs one operation. */
export class DockerContainerControl implements ContainerControl {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async killContainer(id: string, signal = 'SIGKILL', options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    validateSignal(signal)
    await this.#engine.run('killContainer', id, options, async (call) => {
      await killContainer(this.#engine, signal, call)
      await releaseSandboxIfEnded(this.#engine, call)
    })
  }

  async restartContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateContainerId(id)
    validateStopOptions(options)
    const { graceMs = 10_000 } = options
    await this.#engine.run('restartContainer', id, options, (call) => restartContainer(this.#engine, graceMs, call))
  }

  async pauseContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    this.#checkOption('container-control.pause', id)
    await this.#engine.run('pauseContainer', id, options, (call) => pauseContainer(this.#engine, call))
  }

  async unpauseContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    this.#checkOption('container-control.pause', id)
    await this.#engine.run('unpauseContainer', id, options, (call) => unpauseContainer(this.#engine, call))
  }

  async renameContainer(id: string, name: string, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    validateName(name)
    this.#checkOption('container-control.rename', name)
    await this.#engine.run('renameContainer', id, options, (call) => renameContainer(this.#engine, name, call))
  }

  async updateContainer(id: string, update: ContainerUpdate, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    validateUpdate(this.#engine, update)
    await this.#engine.run('updateContainer', id, options, (call) => updateContainer(this.#engine, update, call))
  }

  async listProcesses(id: string, options: OperationOptions = {}): Promise<readonly ContainerProcess[]> {
    validateContainerId(id)
    this.#checkOption('container-control.top', id)
    return await this.#engine.run('listProcesses', id, options, (call) => listProcesses(this.#engine, call))
  }

  #checkOption<F extends OptionName>(field: F & keyof (typeof containerControlCapability)['options'], given: unknown) {
    const { runtimeName: runtime, details } = this.#engine
    checkOption(containerControlCapability, field, given, { runtime, unsupportedOptions: details.unsupportedOptions })
  }
}
