import type { Capability } from './capability.js'
import type { Environment } from './environment.js'
import type { Runtime } from './runtime.js'
import type { RuntimeReport } from './runtime-report.js'

/**
 * The capabilities that a feature uses, by the property names under which it receives their managers.
 *
 * `R` and `O` have the managers of the required and of the optional capabilities.
 */
export interface Needs<R extends Managers<R> = ManagersByName, O extends Managers<O> = ManagersByName> {
  readonly required: Capabilities<R>
  readonly optional: Capabilities<O>
}

/**
 * Declares the needs of a feature: `defineNeeds({ required: { networks: networkManagerCapability } })`. The type of the
 * constructor's parameter, the injection and `support()` read this declaration. Default of each list: none.
 */
export function defineNeeds<
  R extends Managers<R> = Record<never, never>,
  O extends Managers<O> = Record<never, never>,
>(needs: {
  readonly required?: Capabilities<R> & ContextNames
  readonly optional?: Capabilities<O> & ContextNames & { readonly [K in keyof R]?: never }
}): Needs<R, O> {
  // A list that is left out has the type of the empty default.
  return Object.freeze({ required: {}, optional: {}, ...needs }) as Needs<R, O>
}

/** What every feature receives beside its managers. */
export interface FeatureContext {
  readonly runtime: Runtime
  /** Tells what the runtime lacks and refuses, and why. */
  readonly report: RuntimeReport
  /** The environment that the host was given: read this instead of `process.env`. */
  readonly env: Environment
}

/**
 * The parameter of a feature's constructor. A manager is `undefined` where the runtime does not provide it, also a required
 * one: a feature can be constructed on any runtime, and reports what is missing.
 */
export type InjectedManagers<N extends Needs> = FeatureContext & Found<N['required']> & Found<N['optional']>

/** The same after `requireManagers`: the required managers are present. */
export type RequiredManagers<N extends Needs> = InjectedManagers<N> & ManagersOf<N['required']>

/** The managers of these capabilities, by the same names. */
export type ManagersOf<C> = { readonly [K in keyof C]: C[K] extends Capability<infer T> ? T : never }

/** The capabilities of these managers, by the same names. */
export type Capabilities<M extends Managers<M>> = { readonly [K in keyof M]: Capability<M[K]> }

/** The constraint of a set of managers; self-referential, so that an interface can be one. */
export type Managers<M> = { readonly [K in keyof M]: object }

type ManagersByName = Readonly<Record<string, object>>

type Found<C> = { readonly [K in keyof C]: ManagersOf<C>[K] | undefined }

/** Keeps the names of {@link FeatureContext} from naming a manager of another type. */
type ContextNames = { readonly [K in keyof FeatureContext]?: Capability<FeatureContext[K]> }
