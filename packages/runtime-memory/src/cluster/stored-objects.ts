import type { StoredObjectInfo } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import { createClusterId } from './cluster-node.js'

/** A secret or a config. */
export interface StoredObject extends StoredObjectInfo {
  readonly value: Uint8Array
}

/** The secrets or the configs of a simulated cluster. */
export class StoredObjects {
  readonly #objects = new Map<string, StoredObject>()

  list(): readonly StoredObject[] {
    return [...this.#objects.values()]
  }

  /** Finds an object by id or name. */
  find(idOrName: string): StoredObject | undefined {
    return this.#objects.get(idOrName) ?? this.list().find(({ name }) => name === idOrName)
  }

  add(
    name: string,
    value: Uint8Array,
    settings: { readonly labels: StringMap; readonly createdAt: Date },
  ): StoredObject {
    const object = { id: createClusterId(), name, value: Uint8Array.from(value), ...settings }
    this.#objects.set(object.id, object)
    return object
  }

  delete(id: string): void {
    this.#objects.delete(id)
  }
}
