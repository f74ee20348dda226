import {
  ExitCodeUnknownError,
  HostError,
  type HostErrorOptions,
  MissingCapabilityError,
  OptionUnsupportedError,
  RuntimeUnavailableError,
} from './host-error.js'
import type { HostErrorCode, HostErrorFacts } from './host-error-facts.js'

/** Creates an error of the subclass for its code, if there is one, else a HostError. The stack begins at the caller. */
export function createHostError<C extends HostErrorCode>(
  code: C,
  facts: HostErrorFacts[C],
  options?: HostErrorOptions,
): HostError<C> {
  const ErrorClass: HostErrorClass<C> = subclasses[code] ?? HostError
  const error = new ErrorClass(code, facts, options)
  Error.captureStackTrace(error, createHostError)
  return error
}

type HostErrorClass<C extends HostErrorCode> = new (
  code: C,
  facts: HostErrorFacts[C],
  options?: HostErrorOptions,
) => HostError<C>

const subclasses: { readonly [C in HostErrorCode]?: HostErrorClass<C> } = {
  CAPABILITY_MISSING: MissingCapabilityError,
  OPTION_UNSUPPORTED: OptionUnsupportedError,
  EXIT_CODE_UNKNOWN: ExitCodeUnknownError,
  RUNTIME_UNAVAILABLE: RuntimeUnavailableError,
}
