declare const managerType: unique symbol

/**
 * A typed key of an interface `T` that a runtime may provide, or that the host registers in every scope. Runtimes need
 * not provide any capability except `runtimeCapability`.
 *
 * `F` is the union of its options: settings and guarantees that a runtime may not support although it provides
 * the capability. A property that exists only in types makes the type depend on `T`, so that a capability with another
 * interface does not compile.
 */
export interface Capability<out T extends object, F extends string = never> {
  /** Kebab case. Ids of third parties begin with a domain: `example.com/checkpoints`. */
  readonly id: string
  /** The name in messages, lower case and usually plural: `networks`. */
  readonly title: string
  /** The options, each with a line that says what it requests. */
  readonly options: Readonly<Record<F, string>>
  /** `Symbol.for('capstan/<id>@1')`, so that it is the same in every installed copy of core. */
  readonly token: symbol
  readonly [managerType]?: () => T
}

/**
 * Creates a capability whose manager has the interface `T`. Use a new id when the interface changes incompatibly.
 *
 * Options of a third party must begin with the id and a dot: `example.com/checkpoints.live`. Default: none.
 *
 * @throws TypeError for an option of a third party that does not begin with the id and a dot
 */
export function defineCapability<T extends object, F extends string = never>({
  id,
  title,
  options = {} as Readonly<Record<F, string>>, // may be omitted only where F is never
}: {
  readonly id: string
  readonly title: string
  readonly options?: Readonly<Record<F, string>>
}): Capability<T, F> {
  const misnamed = Object.keys(options).find((option) => id.includes('/') && !option.startsWith(`${id}.`))
  if (misnamed !== undefined) {
    throw new TypeError(`the option "${misnamed}" of capability "${id}" must begin with "${id}."`)
  }
  return Object.freeze({ id, title, options, token: Symbol.for(`capstan/${id}@1`) })
}
