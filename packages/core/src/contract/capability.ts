declare const contract: unique symbol

/** A typed name for an ability. `contract` exists in types only: it makes a wrong token a compile error. */
export interface Capability<out T extends object> {
  /** Kebab case; ids of third parties carry their domain (`example.com/checkpoints`). */
  readonly id: string
  /** How people call it, in the plural: it appears in sentences. */
  readonly title: string
  /** `Symbol.for('capstan/<id>@1')`: the same in every copy of core. */
  readonly token: symbol
  readonly [contract]?: () => T
}

/** Names an ability whose interface is `T`. A changed interface is a new id. */
export function defineCapability<T extends object>(definition: {
  readonly id: string
  readonly title: string
}): Capability<T> {
  return Object.freeze({ ...definition, token: Symbol.for(`capstan/${definition.id}@1`) })
}
