import { once } from 'node:events'
import type { ContainerHealth, ContainerProcess } from '@capstan/core'
import type { MemoryProgram } from '../../simulation/memory-program.js'
import { type ProcessContext, SimulatedProcess } from '../../simulation/processes/simulated-process.js'
import type { PendingRestart } from './container-restarts.js'
import type { ContainerStore } from './container-store.js'
import { type AttachedClient, ContainerStreams } from './container-streams.js'
import type { MemoryContainer } from './memory-container.js'
import type { NetworkAllocation } from './network-allocation.js'

/** The parts of the engine that a run uses. */
export interface RunEngine {
  readonly commands: ReadonlyMap<string, MemoryProgram>
  readonly containers: ContainerStore
  now(): Date
  /** Removes a container that does not run, with its anonymous volumes. */
  forget(container: MemoryContainer): void
  /** Resolves in a later turn of the event loop. */
  nextTurn(): Promise<void>
}

/** What a run needs besides its container. */
export interface ContainerRunOptions {
  readonly startedBy: object
  readonly program: MemoryProgram
  readonly network: NetworkAllocation
  readonly client: AttachedClient | undefined
  /** Called at the end when the container is to be started again. */
  readonly onRestart: (restart: PendingRestart) => void
}

/** One run of a container, from its start to its end. */
export class ContainerRun {
  /** The runtime that started the container; only its identity is compared. */
  readonly startedBy: object
  readonly streams: ContainerStreams
  readonly process: SimulatedProcess
  readonly execs: Set<SimulatedProcess> = new Set()
  readonly network: NetworkAllocation
  readonly startedAt: Date
  /** Resolves with the exit code after the resources of the run are released. */
  readonly whenEnded: Promise<number>
  /** `undefined` without a health check. */
  health: ContainerHealth | undefined
  readonly #engine: RunEngine
  readonly #container: MemoryContainer
  readonly #onRestart: ContainerRunOptions['onRestart']
  /** Pid 1 is the init process or the program, and 2 is the program under an init. */
  #lastPid = 2
  #unpaused: AbortController | undefined
  #end: { readonly exitCode: number; readonly at: Date } | undefined

  constructor(
    engine: RunEngine,
    container: MemoryContainer,
    { startedBy, program, network, client, onRestart }: ContainerRunOptions,
  ) {
    this.startedBy = startedBy
    this.#engine = engine
    this.#container = container
    this.network = network
    this.#onRestart = onRestart
    this.startedAt = engine.now()
    this.streams = this.#createStreams()
    if (client !== undefined) this.streams.attach(client)
    this.process = new SimulatedProcess(program, this.streams, this.#createProcessContext())
    this.whenEnded = this.#waitForEnd()
    container.latestRun = this
    container.restarts.noteRun()
    engine.containers.emit(container, { action: 'started' })
    container.lifecycle.notifyChange()
  }

  /** `undefined` while the run lasts. */
  get exitCode(): number | undefined {
    return this.#end?.exitCode
  }

  get finishedAt(): Date | undefined {
    return this.#end?.at
  }

  get isPaused(): boolean {
    return this.#unpaused !== undefined
  }

  /** Holds back the output and the end of the processes until {@link unpause}. */
  pause(): void {
    if (this.#unpaused !== undefined) return
    this.#unpaused = new AbortController()
    this.#engine.containers.emit(this.#container, { action: 'paused' })
  }

  unpause(): void {
    const unpaused = this.#unpaused
    if (unpaused === undefined) return
    this.#unpaused = undefined
    this.#engine.containers.emit(this.#container, { action: 'unpaused' })
    unpaused.abort()
  }

  /** Resolves at once unless the container is paused. */
  async untilUnpaused(): Promise<void> {
    while (this.#unpaused !== undefined) await once(this.#unpaused.signal, 'abort')
  }

  /** Sends a signal to the first process, and unpauses the container. */
  signal(name: string): void {
    this.process.signal(name)
    this.unpause()
  }

  /** Lists the init process, the program and the processes of `exec`. */
  listProcesses(): readonly ContainerProcess[] {
    const { pid } = this.process
    const init = { pid: 1, parentPid: 0, user: 'root', command: '/sbin/init' }
    const others = [...this.execs].map((exec) => exec.describe(0))
    return [...(pid === 1 ? [] : [init]), this.process.describe(pid - 1), ...others]
  }

  /** Allocates the pid of another process in the container. */
  nextPid(): number {
    this.#lastPid += 1
    return this.#lastPid
  }

  async #waitForEnd(): Promise<number> {
    const exitCode = await this.process.exitCode
    await this.untilUnpaused()
    for (const exec of this.execs) exec.kill()
    await this.network.release()
    const restart = this.#container.restarts.plan(exitCode)
    this.#end = { exitCode, at: this.#engine.now() }
    const { config, lifecycle } = this.#container
    this.#engine.containers.emit(this.#container, { action: 'exited', exitCode })
    if (restart !== undefined) this.#onRestart(restart)
    if (config.autoRemove === true && !lifecycle.isBeingRestarted) this.#engine.forget(this.#container)
    this.#container.log.notifyChange()
    return exitCode
  }

  #createStreams(): ContainerStreams {
    const { log, config } = this.#container
    return new ContainerStreams({
      log,
      interactive: config.interactive === true,
      terminal: config.tty === true,
      nextTurn: () => this.#engine.nextTurn(),
      untilUnpaused: () => this.untilUnpaused(),
      onInterrupt: () => this.process.signal('SIGINT'),
    })
  }

  #createProcessContext(): ProcessContext {
    const { argv, env, user, workingDirectory, config, files, image } = this.#container
    return {
      argv,
      env,
      // With `init`, pid 1 is the init process.
      pid: config.init === true ? 2 : 1,
      user,
      groups: config.groupAdd ?? [],
      workingDirectory,
      terminal: config.tty === true,
      terminalSize: () => (config.tty === true ? this.#container.terminalSize : undefined),
      sources: { files, programs: image.programs, commands: this.#engine.commands },
      networking: this.network.networking,
    }
  }
}
