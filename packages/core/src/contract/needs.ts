import type { Capability } from './capability.js'
import type { Environment } from './environment.js'
import type { Runtime } from './runtime.js'
import type { RuntimeReport } from './runtime-report.js'

/**
 * The capabilities that a feature uses, by the property name under which it receives the manager of each. `R` and `O` are
 * the types of the required and of the optional managers.
 */
export interface Needs<R extends Managers<R> = ManagersByName, O extends Managers<O> = ManagersByName> {
  readonly required: Capabilities<R>
  readonly optional: Capabilities<O>
}

/**
 * Declares the needs of a feature: `defineNeeds({ required: { networks: networkManagerCapability } })`. The type of the
 * constructor's parameter and the injection are derived from this declaration, and `toFeatureSupport` reads it. Default
 * of `required` and of `optional`: no capabilities.
 */
export function defineNeeds<
  R extends Managers<R> = Record<never, never>,
  O extends Managers<O> = Record<never, never>,
>(needs: {
  readonly required?: Capabilities<R> & ContextNames
  readonly optional?: Capabilities<O> & ContextNames & { readonly [K in keyof R]?: never }
}): Needs<R, O> {
  // If `required` or `optional` is omitted, its type is that of the empty default.
  return Object.freeze({ required: {}, optional: {}, ...needs }) as Needs<R, O>
}

/** What every feature receives in addition to its managers. */
export interface FeatureContext {
  readonly runtime: Runtime
  /** The report of the runtime, with the reasons for absent capabilities and unsupported options. */
  readonly report: RuntimeReport
  /** The environment of the host. Read this instead of `process.env`. */
  readonly env: Environment
}

/**
 * The parameter of a feature's constructor. A manager is `undefined` where the runtime does not provide it, also if it is
 * required, so that a feature can be constructed on any runtime and can report what is missing.
 */
export type InjectedManagers<N extends Needs> = FeatureContext & Found<N['required']> & Found<N['optional']>

/** The result of `requireManagers`: {@link InjectedManagers} whose required managers are present. */
export type RequiredManagers<N extends Needs> = InjectedManagers<N> & ManagersOf<N['required']>

/** The managers of these capabilities, by the same names. */
export type ManagersOf<C> = { readonly [K in keyof C]: C[K] extends Capability<infer T> ? T : never }

/** The capabilities of these managers, by the same names. */
export type Capabilities<M extends Managers<M>> = { readonly [K in keyof M]: Capability<M[K]> }

/** A type with a manager in each property. It refers to `M`, since an interface would not match `Record<string, object>`. */
export type Managers<M> = { readonly [K in keyof M]: object }

type ManagersByName = Readonly<Record<string, object>>

type Found<C> = { readonly [K in keyof C]: ManagersOf<C>[K] | undefined }

/** Prevents a need from using a name of {@link FeatureContext} for a manager of another type. */
type ContextNames = { readonly [K in keyof FeatureContext]?: Capability<FeatureContext[K]> }
