import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ContainerNetwork,
  createUndoStack,
  findCapability,
  networkManagerCapability,
  type RuntimeScope,
  type StringMap,
  type UndoStack,
} from '@capstan/core'
import type { Io } from '../io.js'
import { createBuildDisplay } from '../render/build-display.js'
import { IndentedOutput } from './indented-output.js'
import { countOwned, type OwnedCounts, readOwnerLabel } from './owned-counts.js'
import { findQuickstartFiles, toTargetArchitecture } from './quickstart-files.js'
import { margin } from './quickstart-stage.js'

/** The image of the quickstart and what is made of it; disposing removes what is still there. */
export class QuickstartImage implements AsyncDisposable {
  readonly runtime: string
  readonly #scope: RuntimeScope
  readonly #io: Io
  readonly #operation: { readonly signal: AbortSignal }
  readonly #undo: UndoStack = createUndoStack()
  readonly #suffix = randomUUID().slice(0, 8)
  readonly #tag = `capstan-quickstart:${this.#suffix}`
  #owner: StringMap = {}

  constructor(scope: RuntimeScope, { io, signal }: { readonly io: Io; readonly signal: AbortSignal }) {
    this.runtime = scope.runtimeName
    this.#scope = scope
    this.#io = io
    this.#operation = { signal }
  }

  /** Resolves with the tag. */
  async build(): Promise<string> {
    const directory = await findQuickstartFiles()
    const dockerfile = await readFile(join(directory, 'Dockerfile'), 'utf8')
    const output = this.#io.stdout.isTTY === true ? this.#io.stdout : new IndentedOutput(this.#io.stdout, margin)
    const display = createBuildDisplay({ stdout: this.#io.stdout, stderr: output }, 'auto')
    this.#undo.add('image', (own) => this.#scope.runtime.removeImage(this.#tag, own))
    try {
      await this.#scope.runtime.buildImage(dockerfile, this.#tag, {
        ...this.#operation,
        context: { directory },
        buildArgs: { TARGETARCH: toTargetArchitecture(process.arch) },
        onProgress: display.onProgress.bind(display),
      })
    } finally {
      display.clear()
    }
    return this.#tag
  }

  /** Runs it on a network of its own, where there are networks; resolves with the exit code. */
  async run(): Promise<number> {
    const { runtime } = this.#scope
    const network = await this.#createNetwork()
    const name = `capstan-quickstart-${this.#suffix}`
    const config = { image: this.#tag, name, pull: 'never' as const, ...(network === undefined ? {} : { network }) }
    const id = await runtime.createContainer(config, this.#operation)
    this.#undo.add('container', (own) => runtime.removeContainer(id, own))
    this.#owner = await readOwnerLabel(this.#scope, id, this.#operation)
    const stdout = new IndentedOutput(this.#io.stdout, margin)
    const stderr = new IndentedOutput(this.#io.stderr, margin)
    const code = await runtime.startAttached(id, { ...this.#operation, stdout, stderr })
    await Promise.all([once(stdout.end(), 'finish'), once(stderr.end(), 'finish')])
    return code
  }

  /** Removes all of it; resolves with what the engine itself listed before and after. */
  async cleanUp(): Promise<{ readonly before: OwnedCounts; readonly after: OwnedCounts }> {
    const before = await countOwned(this.#scope, this.#owner, this.#operation)
    const failures = await this.#undo.run()
    if (failures.length > 0) throw failures[0]
    return { before, after: await countOwned(this.#scope, this.#owner, this.#operation) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo[Symbol.asyncDispose]()
  }

  async #createNetwork(): Promise<ContainerNetwork | undefined> {
    const networks = findCapability(this.#scope, networkManagerCapability)
    if (networks === undefined) return undefined
    const networkId = await networks.createNetwork(`capstan-quickstart-${this.#suffix}`, this.#operation)
    this.#undo.add('network', (own) => networks.removeNetwork(networkId, own))
    return { mode: 'networks', networks: [{ networkId }] }
  }
}
