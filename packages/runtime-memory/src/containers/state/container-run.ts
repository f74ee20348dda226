import type { ContainerHealth } from '@capstan/core'
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

  /** Allocates the pid of another process in the container. */
  nextPid(): number {
    this.#lastPid += 1
    return this.#lastPid
  }

  async #waitForEnd(): Promise<number> {
    const exitCode = await this.process.exitCode
    for (const exec of this.execs) exec.kill()
    await this.network.release()
    const restart = this.#container.restarts.plan(exitCode)
    this.#end = { exitCode, at: this.#engine.now() }
    this.#engine.containers.emit(this.#container, { action: 'exited', exitCode })
    if (restart !== undefined) this.#onRestart(restart)
    if (this.#container.config.autoRemove === true) this.#engine.containers.delete(this.#container)
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
