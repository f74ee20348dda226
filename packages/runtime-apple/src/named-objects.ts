import { isHostError, type OperationOptions } from '@capstan/core'
import {
  createHostError,
  createRequestIdLabel,
  hasLabels,
  isSameOwner,
  type Operation,
  type StringMap,
  toObjectLabels,
} from '@capstan/core/plugin'
import { isNameTaken, toErrorText } from './apple-errors.js'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import type { CliResult } from './cli/apple-cli.js'
import { toLabelOptions } from './cli/options.js'
import { listContainers } from './containers/queries/find-container.js'
import type { AppleContainer } from './containers/queries/parse-containers.js'

/** A kind of object that the command stores by name. */
export interface NamedKind<T> {
  readonly noun: 'network' | 'volume'
  readonly parse: (operation: string, output: Uint8Array) => readonly T[]
  /** The names of the objects that a container uses. */
  readonly usedBy: (container: AppleContainer) => readonly string[]
}

interface Named {
  readonly name: string
  readonly labels: StringMap
}

/** Creates, removes and lists the objects of one kind. The name is the id. */
export class NamedObjects<T extends Named> {
  readonly #context: AppleRuntimeContext
  readonly #kind: NamedKind<T>

  constructor(context: AppleRuntimeContext, kind: NamedKind<T>) {
    this.#context = context
    this.#kind = kind
  }

  /** Creates an object with the labels of its owner. A name that is taken: NAME_CONFLICT. */
  async create(operation: string, { name, labels, flags = [] }: NewObject, options: OperationOptions): Promise<string> {
    const { noun } = this.#kind
    const { ownerLabels } = this.#context
    const all = toObjectLabels({ kind: noun }, ownerLabels, labels)
    return await this.#context.call({ operation, subject: name }, options, async (call) => {
      const result = await this.#runCreate({ name, labels: all, flags }, call)
      if (result.exitCode === 0) return name
      if (!isNameTaken(toErrorText(result.stderr))) throw this.#context.toError(result, call)
      const existing = await this.#find(name, call)
      const facts = { name, holderId: existing?.name, sameOwner: isSameOwner(existing?.labels, ownerLabels) }
      throw createHostError('NAME_CONFLICT', facts)
    })
  }

  /** Creates the object if it does not exist. The undo of the call removes it, unless a container uses it. */
  async ensure(name: string, labels: StringMap, call: Operation): Promise<void> {
    const own = { ...call, subject: name }
    if ((await this.#find(name, own)) !== undefined) return
    const result = await this.#runCreate({ name, labels }, own)
    // Another client may have created it meanwhile.
    if (result.exitCode === 0 || isNameTaken(toErrorText(result.stderr))) return
    throw this.#context.toError(result, own)
  }

  /** Removes an object. Gone: resolves. Used by a container: IN_USE. */
  async remove(operation: string, name: string, options: OperationOptions): Promise<void> {
    await this.#context.call({ operation, subject: name }, options, (call) => this.#remove(name, call))
  }

  async list(operation: string, options: OperationOptions): Promise<readonly T[]> {
    const subject = `the ${this.#kind.noun}s`
    return await this.#context.call({ operation, subject }, options, (call) => this.#list(call))
  }

  async #runCreate({ name, labels, flags = [] }: NewObject, call: Operation): Promise<CliResult> {
    const { noun } = this.#kind
    const requestIdLabel = createRequestIdLabel()
    call.undo.add(`${noun} ${name}`, ({ signal }) =>
      this.#removeByRequestId(name, requestIdLabel, { ...call, subject: name, signal }),
    )
    const argv = [noun, 'create', ...flags, ...toLabelOptions({ ...labels, ...requestIdLabel }), name]
    return await this.#context.cli.run(argv, { ...call, abortGraceMs: this.#context.timeouts.abortGraceMs })
  }

  async #list(call: Omit<Operation, 'undo'>): Promise<readonly T[]> {
    const { noun, parse } = this.#kind
    const { stdout } = await this.#context.run([noun, 'list', '--format', 'json'], call)
    return parse(call.operation, stdout)
  }

  async #find(name: string, call: Omit<Operation, 'undo'>): Promise<T | undefined> {
    return (await this.#list(call)).find((one) => one.name === name)
  }

  async #remove(name: string, call: Omit<Operation, 'undo'>): Promise<void> {
    const { noun, usedBy } = this.#kind
    const result = await this.#context.cli.run([noun, 'delete', name], call)
    if (result.exitCode === 0) return
    // The error text does not always give the reason, so the objects are looked up.
    if ((await this.#find(name, call)) === undefined) return
    const containers = await listContainers(this.#context, call)
    const users = containers.filter((container) => usedBy(container).includes(name)).map(({ id }) => id)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `${noun} "${name}"`, users })
    throw this.#context.toError(result, call)
  }

  /** Removes the object that a failed call created. An object of the same name that another request created is kept. */
  async #removeByRequestId(name: string, requestIdLabel: StringMap, call: Omit<Operation, 'undo'>): Promise<void> {
    const found = await this.#find(name, call)
    if (found === undefined || !hasLabels(found.labels, requestIdLabel)) return
    try {
      await this.#remove(name, call)
    } catch (error) {
      if (!isHostError(error, 'IN_USE')) throw error
    }
  }
}

interface NewObject {
  readonly name: string
  readonly labels: StringMap
  /** Options of the command, except labels. Default: none. */
  readonly flags?: readonly string[]
}
