import {
  type ContainerControl,
  type ContainerProcess,
  type ContainerUpdate,
  containerControlCapability,
  type OperationOptions,
  type StopOptions,
} from '@capstan/core'
import {
  checkConfigOptions,
  createHostError,
  validateContainerUpdate,
  validateId,
  validateName,
  validateSignal,
  validateStopOptions,
} from '@capstan/core/plugin'
import { startContainer } from './containers/start-container.js'
import type { ContainerRun } from './containers/state/container-run.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './containers/state/memory-container.js'
import { stopContainer } from './containers/stop-container.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'
import { createSystemFiles } from './simulation/files/system-files.js'
import { toSignalName } from './simulation/processes/signals.js'

/** Controls simulated containers. The output, the end and the commands of a paused container wait until it is unpaused. */
export class MemoryContainerControl implements ContainerControl {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async killContainer(id: string, signal = 'SIGKILL', options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateSignal(signal)
    const name = toSignalName(signal)
    await this.#context.call('killContainer', options, async () => {
      const container = this.#require(id)
      const run = requireRun(container)
      if (name === 'SIGKILL') container.restarts.prevent()
      run.signal(name)
      if (name === 'SIGKILL') await run.whenEnded
    })
  }

  async restartContainer(id: string, options: StopOptions = {}): Promise<void> {
    validateId(id)
    validateStopOptions(options)
    const { graceMs = 10_000 } = options
    await this.#context.call('restartContainer', options, async ({ signal, undo }) => {
      const container = this.#require(id)
      // A container with `autoRemove` is kept when it stops.
      const endRestart = container.lifecycle.beginRestart()
      try {
        await stopContainer(container, { graceMs, signal })
        signal.throwIfAborted()
        await startContainer(this.#context, container, { undo })
      } finally {
        endRestart()
      }
    })
  }

  async pauseContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    this.#context.checkOption(containerControlCapability, 'container-control.pause', id)
    await this.#context.call('pauseContainer', options, () => requireRun(this.#require(id)).pause())
  }

  async unpauseContainer(id: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    this.#context.checkOption(containerControlCapability, 'container-control.pause', id)
    await this.#context.call('unpauseContainer', options, () => requireRun(this.#require(id)).unpause())
  }

  async renameContainer(id: string, name: string, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateName(name)
    this.#context.checkOption(containerControlCapability, 'container-control.rename', name)
    await this.#context.call('renameContainer', options, ({ undo }) => {
      const container = this.#require(id)
      const previous = container.name
      if (previous === name) return
      this.#context.checkNameIsFree(name, this.#context.engine.containers.findName(name))
      const rename = (changed: string) => {
        container.name = changed
        this.#context.engine.containers.emit(container, { action: 'renamed' })
      }
      rename(name)
      undo.add(`name ${name}`, async () => rename(previous))
    })
  }

  async updateContainer(id: string, update: ContainerUpdate, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateContainerUpdate(update)
    this.#context.checkOption(containerControlCapability, 'container-control.update', update)
    checkConfigOptions(this.#context.runtimeName, update, this.#context.unsupportedOptions)
    await this.#context.call('updateContainer', options, ({ undo }) => {
      const container = this.#require(id)
      const { config } = container
      if ((update.restartPolicy?.name ?? 'no') !== 'no') checkMayRestart(container)
      const given = Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined))
      this.#setConfig(container, { ...config, ...given })
      undo.add(`settings of ${container.name}`, async () => this.#setConfig(container, config))
    })
  }

  async listProcesses(id: string, options: OperationOptions = {}): Promise<readonly ContainerProcess[]> {
    validateId(id)
    this.#context.checkOption(containerControlCapability, 'container-control.top', id)
    return await this.#context.call('listProcesses', options, () => {
      const container = this.#require(id)
      const run = requireRun(container)
      if (run.isPaused) throw createHostError('NOT_RUNNING', { id, state: 'paused' })
      return run.listProcesses()
    })
  }

  #require(id: string): MemoryContainer {
    return this.#context.engine.containers.require(id)
  }

  /** Replaces the settings and the files in which programs read them. */
  #setConfig(container: MemoryContainer, config: MemoryContainer['config']): void {
    const { gateway } = this.#context.engine.networks.defaultNetwork
    container.config = config
    container.restarts.setPolicy(config.restartPolicy)
    container.files.replaceSystemFiles(createSystemFiles(container.id, config, gateway))
  }
}

/** Rejects a restart policy of a container that is removed at its exit, or would be started without its firewall rules. */
function checkMayRestart({ id, config, firewallRules }: MemoryContainer): void {
  if (config.autoRemove === true) {
    const expected = 'absent for a container with autoRemove'
    throw createHostError('INVALID_ARGUMENT', { field: 'update.restartPolicy', expected, given: 'a restart policy' })
  }
  if (firewallRules === undefined) return
  const reason = 'its restart policy would start it without the rules'
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
}

/** @throws HostError NOT_RUNNING unless the container is running or paused */
function requireRun(container: MemoryContainer): ContainerRun {
  const run = getCurrentRun(container)
  if (run !== undefined) return run
  throw createHostError('NOT_RUNNING', { id: container.id, state: toContainerState(container) })
}
