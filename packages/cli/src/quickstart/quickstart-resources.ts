import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BuildOptions,
  findCapability,
  imageBuilderCapability,
  isHostError,
  networkManagerCapability,
  type RuntimeScope,
  requireCapabilities,
} from '@capstan/core'
import { type ContainerNetwork, createUndoStack, type StringMap, type UndoStack } from '@capstan/core/plugin'
import { createRuntimeBuildDisplay } from '../render/runtime-build-display.js'
import type { Io } from '../terminal/io.js'
import { IndentedOutput } from './indented-output.js'
import { countOwned, type OwnedCounts, readOwnerLabel } from './owned-counts.js'
import { findQuickstartFiles, toTargetArchitectures } from './quickstart-files.js'
import { margin } from './quickstart-output.js'

/** The image of the quickstart, its container and its network. Disposing removes those that remain. */
export class QuickstartResources implements AsyncDisposable {
  readonly runtime: string
  readonly #scope: RuntimeScope
  readonly #io: Io
  readonly #options: { readonly signal: AbortSignal }
  readonly #undo: UndoStack = createUndoStack()
  readonly #suffix = randomUUID().slice(0, 8)
  readonly #tag = `capstan-quickstart:${this.#suffix}`
  #owner: StringMap = {}

  constructor(scope: RuntimeScope, { io, signal }: { readonly io: Io; readonly signal: AbortSignal }) {
    this.runtime = scope.runtimeName
    this.#scope = scope
    this.#io = io
    this.#options = { signal }
  }

  /** Builds the image and resolves with its tag. */
  async build(): Promise<string> {
    const directory = await findQuickstartFiles()
    const dockerfile = await readFile(join(directory, 'Dockerfile'), 'utf8')
    const output = this.#io.stdout.isTTY === true ? this.#io.stdout : new IndentedOutput(this.#io.stdout, margin)
    using display = createRuntimeBuildDisplay({ stdout: this.#io.stdout, stderr: output }, 'auto')
    this.#undo.add('image', (undoOptions) => this.#scope.runtime.removeImage(this.#tag, undoOptions))
    const options = { ...this.#options, context: { directory }, onProgress: display.onProgress }
    await this.#buildFor(toTargetArchitectures(process.arch), dockerfile, options)
    return this.#tag
  }

  /** Runs the image, on its own network if the runtime has networks. Resolves with the exit code. */
  async run(): Promise<number> {
    const { runtime } = this.#scope
    const network = await this.#createNetwork()
    const name = `capstan-quickstart-${this.#suffix}`
    const config = { image: this.#tag, name, pull: 'never' as const, ...(network === undefined ? {} : { network }) }
    const id = await runtime.createContainer(config, this.#options)
    this.#undo.add('container', (undoOptions) => runtime.removeContainer(id, undoOptions))
    this.#owner = await readOwnerLabel(this.#scope, id, this.#options)
    const stdout = new IndentedOutput(this.#io.stdout, margin)
    const stderr = new IndentedOutput(this.#io.stderr, margin)
    const code = await runtime.startAttached(id, { ...this.#options, stdout, stderr })
    await Promise.all([once(stdout.end(), 'finish'), once(stderr.end(), 'finish')])
    return code
  }

  /** Removes everything. Resolves with the resources that the engine listed before and after. */
  async cleanUp(): Promise<{ readonly before: OwnedCounts; readonly after: OwnedCounts }> {
    const before = await countOwned(this.#scope, this.#owner, this.#options)
    const failures = await this.#undo.run()
    if (failures.length > 0) throw failures[0]
    return { before, after: await countOwned(this.#scope, this.#owner, this.#options) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo[Symbol.asyncDispose]()
  }

  /** Builds for the first architecture whose program the engine's machine can execute. */
  async #buildFor(
    [architecture = '', ...others]: readonly string[],
    dockerfile: string,
    options: BuildOptions,
  ): Promise<void> {
    try {
      const buildArgs = { TARGETARCH: architecture }
      const { builder } = requireCapabilities(this.#scope, { builder: imageBuilderCapability })
      await builder.buildImage(dockerfile, this.#tag, { ...options, buildArgs })
    } catch (error) {
      if (others.length === 0 || !isOtherArchitecture(error)) throw error
      await this.#buildFor(others, dockerfile, options)
    }
  }

  async #createNetwork(): Promise<ContainerNetwork | undefined> {
    const networks = findCapability(this.#scope, networkManagerCapability)
    if (networks === undefined) return undefined
    const networkId = await networks.createNetwork(`capstan-quickstart-${this.#suffix}`, this.#options)
    this.#undo.add('network', (undoOptions) => networks.removeNetwork(networkId, undoOptions))
    return { mode: 'networks', networks: [{ networkId }] }
  }
}

/** Whether the kernel reported ENOEXEC, in the message of runc. */
function isOtherArchitecture(error: unknown): boolean {
  return isHostError(error, 'BUILD_FAILED') && error.facts.lastLines.some((line) => line.includes('exec format error'))
}
