declare const contract: unique symbol

/**
 * A typed name for an ability. `contract` exists in types only: it makes a wrong token a compile error.
 *
 * `F`: the options and promises of the ability that a runtime may refuse, although it provides the ability.
 */
export interface Capability<out T extends object, F extends string = never> {
  /** Kebab case; ids of third parties begin with their domain (`example.com/checkpoints`). */
  readonly id: string
  /** The name in sentences, in the plural. */
  readonly title: string
  /** What a runtime may refuse: each field with one line that says what it asks for. */
  readonly refusable: Readonly<Record<F, string>>
  /** `Symbol.for('capstan/<id>@1')`: the same in every copy of core. */
  readonly token: symbol
  readonly [contract]?: () => T
}

/**
 * Names an ability whose interface is `T`. A changed interface is a new id.
 *
 * Refusable fields of a third party begin with the id and a dot: `example.com/checkpoints.live`. Default: none.
 *
 * @throws TypeError for another field
 */
export function defineCapability<T extends object, F extends string = never>({
  id,
  title,
  refusable = {} as Readonly<Record<F, string>>, // only left out where F is never
}: {
  readonly id: string
  readonly title: string
  readonly refusable?: Readonly<Record<F, string>>
}): Capability<T, F> {
  const stray = Object.keys(refusable).find((field) => id.includes('/') && !field.startsWith(`${id}.`))
  if (stray !== undefined) {
    throw new TypeError(`the refusable field "${stray}" of capability "${id}" must begin with "${id}."`)
  }
  return Object.freeze({ id, title, refusable, token: Symbol.for(`capstan/${id}@1`) })
}
