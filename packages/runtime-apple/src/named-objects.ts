import {
  createHostError,
  createRequestMark,
  hasLabels,
  isOurs,
  type OperationOptions,
  type StringMap,
  toObjectLabels,
} from '@capstan/core'
import type { AppleCall, AppleConnection } from './apple-connection.js'
import { isNameTaken, toErrorText } from './apple-errors.js'
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
    const mark = createRequestMark()
    const owned = toLabelOptions({ ...toObjectLabels({ kind: noun }, ownerLabels, labels), ...mark })
    return await this.#connection.call({ operation, subject: name }, options, async (call) => {
      call.undo.add(noun, ({ signal }) => this.#removeMarked(name, mark, { ...call, signal }))
      const argv = [noun, 'create', ...flags, ...owned, name]
      const result = await this.#connection.cli.run(argv, { ...call, lingerMs: this.#connection.timeouts.abortGraceMs })
      if (result.exitCode === 0) return name
      call.undo.release()
      if (!isNameTaken(toErrorText(result.stderr))) throw this.#connection.toError(result, call)
      const holder = await this.#find(name, call)
      throw createHostError('NAME_CONFLICT', {
        name,
        holderId: holder?.name,
        ours: isOurs(holder?.labels, ownerLabels),
      })
    })
  }

  /** Gone: resolves. Used by a container: IN_USE. */
  async remove(operation: string, name: string, options: OperationOptions): Promise<void> {
    await this.#connection.call({ operation, subject: name }, options, (call) => this.#remove(name, call))
  }

  async list(operation: string, options: OperationOptions): Promise<readonly T[]> {
    const subject = `the ${this.#kind.noun}s`
    return await this.#connection.call({ operation, subject }, options, (call) => this.#list(call))
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
  async #removeMarked(name: string, mark: StringMap, call: Omit<AppleCall, 'undo'>): Promise<void> {
    const found = await this.#find(name, call)
    if (found !== undefined && hasLabels(found.labels, mark)) await this.#remove(name, call)
  }
}

interface Creation {
  readonly operation: string
  readonly name: string
  readonly labels: StringMap
  /** Options of the command beside the labels. */
  readonly flags?: readonly string[]
}
