import type { HostErrorCode, HostErrorFacts } from './host-error-facts.js'
import { toMessage } from './message.js'
import { redactTexts } from './redact.js'

const brand: symbol = Symbol.for('capstan/HostError@1')

/**
 * The error with which methods of hosts, runtimes and managers fail. Exceptions: an abort rejects with `signal.reason`;
 * disposing and `sweep` may reject with an AggregateError. Branch on `code`, not on the message; the type of `facts`
 * depends on the code.
 *
 * Passwords in URLs are replaced in the facts, the message, the cause and the undo failures: `http://user:***@host`. A cause
 * that contains such a password is replaced by a copy.
 */
export class HostError<C extends HostErrorCode = HostErrorCode> extends Error {
  readonly code: C
  readonly facts: Readonly<HostErrorFacts[C]>
  /** The failures of undoing partial work, in order. Empty if everything was undone. */
  readonly undoFailures: readonly unknown[]

  constructor(code: C, given: HostErrorFacts[C], { cause, undoFailures = [] }: HostErrorOptions = {}) {
    const facts = redactTexts(given)
    super(toMessage(code, facts), cause === undefined ? undefined : { cause: redactTexts(cause) })
    this.code = code
    this.facts = facts
    this.undoFailures = redactTexts(undoFailures)
  }

  static {
    Object.defineProperty(HostError.prototype, brand, { value: true })
    Object.defineProperty(HostError.prototype, 'name', { value: 'HostError', writable: true, configurable: true })
  }
}

/** A runtime does not provide capabilities that a feature or an application requires. */
export class MissingCapabilityError extends HostError<'CAPABILITY_MISSING'> {}

/** A runtime does not support a valid option. */
export class OptionUnsupportedError extends HostError<'OPTION_UNSUPPORTED'> {}

/** The exit code of a process cannot be determined. */
export class ExitCodeUnknownError extends HostError<'EXIT_CODE_UNKNOWN'> {}

/** No runtime, or not the requested one, is available, or it was closed. `facts.reports` has the causes. */
export class RuntimeUnavailableError extends HostError<'RUNTIME_UNAVAILABLE'> {}

for (const named of [MissingCapabilityError, OptionUnsupportedError, ExitCodeUnknownError, RuntimeUnavailableError]) {
  Object.defineProperty(named.prototype, 'name', { value: named.name, writable: true, configurable: true })
}

/** The union of all host errors: `switch (error.code)` narrows the type of `facts`. */
export type AnyHostError = { [C in HostErrorCode]: HostError<C> }[HostErrorCode]

/** Options of a host error. Default: no cause and no undo failures. */
export interface HostErrorOptions {
  readonly cause?: unknown
  readonly undoFailures?: readonly unknown[]
}

/** Whether a value is a {@link HostError}, of this code if one is given. Also true for errors of another copy of core. */
export function isHostError(value: unknown): value is AnyHostError
export function isHostError<C extends HostErrorCode>(value: unknown, code: C): value is HostError<C>
export function isHostError(value: unknown, code?: HostErrorCode): boolean {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false
  return code === undefined || ('code' in value && value.code === code)
}
