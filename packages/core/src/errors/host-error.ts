import type { HostErrorCode, HostErrorFacts } from './host-error-facts.js'
import { toMessage } from './message.js'
import { redactTexts } from './redact.js'

const brand: symbol = Symbol.for('capstan/HostError@1')

/**
 * The error that callers branch on, by `code` and not by text; `facts` are those of the code.
 *
 * Passwords in addresses are replaced in the facts, in the message, in the cause and in the failures of the undo:
 * `http://user:***@host`. A cause with such a password is replaced by a copy.
 */
export class HostError<C extends HostErrorCode = HostErrorCode> extends Error {
  readonly code: C
  readonly facts: Readonly<HostErrorFacts[C]>
  /** What went wrong while partial work was undone; empty when the undoing worked. */
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

/** Any of them: `switch (error.code)` narrows the facts. */
export type AnyHostError = { [C in HostErrorCode]: HostError<C> }[HostErrorCode]

/** What an error keeps beside its facts: whence it came, and what failed when partial work was undone. */
export interface HostErrorOptions {
  readonly cause?: unknown
  readonly undoFailures?: readonly unknown[]
}

/** Tells a {@link HostError}, of that code if one is given, from any other value, whichever copy of core made it. */
export function isHostError(value: unknown): value is AnyHostError
export function isHostError<C extends HostErrorCode>(value: unknown, code: C): value is HostError<C>
export function isHostError(value: unknown, code?: HostErrorCode): boolean {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false
  return code === undefined || ('code' in value && value.code === code)
}
