import { HostError, type HostErrorOptions } from './host-error.js'
import type { HostErrorCode, HostErrorFacts } from './host-error-facts.js'
import {
  ExitCodeUnknownError,
  MissingCapabilityError,
  OptionUnsupportedError,
  RuntimeUnavailableError,
} from './named-errors.js'

/**
 * Creates an error whose message is built from its facts, as an instance of the named class if the code has one. The stack
 * begins at the caller.
 */
export function createHostError<C extends HostErrorCode>(
  code: C,
  facts: HostErrorFacts[C],
  options?: HostErrorOptions,
): HostError<C> {
  const create = named[code]
  const error = create === undefined ? new HostError(code, facts, options) : create(facts, options)
  Error.captureStackTrace(error, createHostError)
  return error
}

type Create<C extends HostErrorCode> = (facts: HostErrorFacts[C], options?: HostErrorOptions) => HostError<C>

const named: { readonly [C in HostErrorCode]?: Create<C> } = {
  CAPABILITY_MISSING: (facts, options) => new MissingCapabilityError(facts, options),
  OPTION_UNSUPPORTED: (facts, options) => new OptionUnsupportedError(facts, options),
  EXIT_CODE_UNKNOWN: (facts, options) => new ExitCodeUnknownError(facts, options),
  RUNTIME_UNAVAILABLE: (facts, options) => new RuntimeUnavailableError(facts, options),
}
