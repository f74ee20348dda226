import {
  createHostError,
  createRequestIdLabel,
  hasLabels,
  isHostError,
  isOurs,
  type OperationOptions,
  type StringMap,
  toObjectLabels,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from './apple-connection.js'
import { isNameTaken, toErrorText } from './apple-errors.js'
import type { CliResult } from './cli/apple-cli.js'
import { toLabelOptions } from './container/create-arguments.js'
import { listAll } from './container/find-container.js'
import type { AppleContainer } from './output/containers.js'

/** What the command keeps by name beside containers. */
export interface NamedKind<T> {
  readonly noun: 'network' | 'volume'
  readonly parse: (operation: string, output: Uint8Array) => readonly T[]
  /** What of such things a container has, by their names. */
  readonly usedBy: (container: AppleContainer) => readonly string[]
}

interface Named {
  readonly name: string
  readonly labels: StringMap
}

/** Things of one kind: the name is the id. */
export class NamedObjects<T extends Named> {
  readonly #connection: AppleConnection
  readonly #kind: NamedKind<T>

  constructor(connection: AppleConnection, kind: NamedKind<T>) {
    this.#connection = connection
    this.#kind = kind
  }

  /** Made with the labels of its owner; a name that is taken: NAME_CONFLICT. */
  async create({ operation, name, labels, flags = [] }: Creation, options: OperationOptions): Promise<string> {
    const { noun } = this.#kind
    const { ownerLabels } = this.#connection
    const all = toObjectLabels({ kind: noun }, ownerLabels, labels)
    return await this.#connection.call({ operation, subject: name }, options, async (call) => {
      const result = await this.#make({ name, labels: all, flags }, call)
      if (result.exitCode === 0) return name
      if (!isNameTaken(toErrorText(result.stderr))) throw this.#connection.toError(result, call)
      const holder = await this.#find(name, call)
      throw createHostError('NAME_CONFLICT', {
        name,
        holderId: holder?.name,
        ours: isOurs(holder?.labels, ownerLabels),
      })
    })
  }

  /** Creates the object with these labels where it is absent; undone with the call, unless a container uses it by then. */
  async provide(name: string, labels: StringMap, call: AppleCall): Promise<void> {
    const own = { ...call, subject: name }
    if ((await this.#find(name, own)) !== undefined) return
    const result = await this.#make({ name, labels, flags: [] }, own)
    // Another client may have created it meanwhile.
    if (result.exitCode === 0 || isNameTaken(toErrorText(result.stderr))) return
    throw this.#connection.toError(result, own)
  }

  /** Gone: resolves. Used by a container: IN_USE. */
  async remove(operation: string, name: string, options: OperationOptions): Promise<void> {
    await this.#connection.call({ operation, subject: name }, options, (call) => this.#remove(name, call))
  }

  async list(operation: string, options: OperationOptions): Promise<readonly T[]> {
    const subject = `the ${this.#kind.noun}s`
    return await this.#connection.call({ operation, subject }, options, (call) => this.#list(call))
  }

  async #make({ name, labels, flags }: Making, call: AppleCall): Promise<CliResult> {
    const { noun } = this.#kind
    const requestIdLabel = createRequestIdLabel()
    call.undo.add(`${noun} ${name}`, ({ signal }) =>
      this.#removeByRequestId(name, requestIdLabel, { ...call, subject: name, signal }),
    )
    const argv = [noun, 'create', ...flags, ...toLabelOptions({ ...labels, ...requestIdLabel }), name]
    return await this.#connection.cli.run(argv, { ...call, lingerMs: this.#connection.timeouts.abortGraceMs })
  }

  async #list(call: Omit<AppleCall, 'undo'>): Promise<readonly T[]> {
    const { noun, parse } = this.#kind
    const { stdout } = await this.#connection.run([noun, 'list', '--format', 'json'], call)
    return parse(call.operation, stdout)
  }

  async #find(name: string, call: Omit<AppleCall, 'undo'>): Promise<T | undefined> {
    return (await this.#list(call)).find((one) => one.name === name)
  }

  async #remove(name: string, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const { noun, usedBy } = this.#kind
    const result = await this.#connection.cli.run([noun, 'delete', name], call)
    if (result.exitCode === 0) return
    // The text does not always tell why: what is there does.
    if ((await this.#find(name, call)) === undefined) return
    const containers = await listAll(this.#connection, call)
    const users = containers.filter((container) => usedBy(container).includes(name)).map(({ id }) => id)
    if (users.length > 0) throw createHostError('IN_USE', { subject: `${noun} "${name}"`, users })
    throw this.#connection.toError(result, call)
  }

  /** Another of the name, made before or meanwhile, stays. */
  async #removeByRequestId(name: string, requestIdLabel: StringMap, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const found = await this.#find(name, call)
    if (found === undefined || !hasLabels(found.labels, requestIdLabel)) return
    try {
      await this.#remove(name, call)
    } catch (error) {
      if (!isHostError(error, 'IN_USE')) throw error
    }
  }
}

interface Making {
  readonly name: string
  readonly labels: StringMap
  readonly flags: readonly string[]
}

interface Creation {
  readonly operation: string
  readonly name: string
  readonly labels: StringMap
  /** Options of the command beside the labels. */
  readonly flags?: readonly string[]
}
