import { HostError, type HostErrorOptions } from './host-error.js'
import type { HostErrorFacts } from './host-error-facts.js'

/** A runtime lacks capabilities that a feature or an application requires. Thrown before any side effect. */
export class MissingCapabilityError extends HostError<'CAPABILITY_MISSING'> {
  constructor(
    facts: Omit<HostErrorFacts['CAPABILITY_MISSING'], 'reports'> &
      Partial<Pick<HostErrorFacts['CAPABILITY_MISSING'], 'reports'>>,
    options?: HostErrorOptions,
  ) {
    super('CAPABILITY_MISSING', { reports: [], ...facts }, options)
  }
}

/** A runtime does not support a valid option. */
export class OptionUnsupportedError extends HostError<'OPTION_UNSUPPORTED'> {
  constructor(facts: HostErrorFacts['OPTION_UNSUPPORTED'], options?: HostErrorOptions) {
    super('OPTION_UNSUPPORTED', facts, options)
  }
}

/** The exit code of a process cannot be determined. */
export class ExitCodeUnknownError extends HostError<'EXIT_CODE_UNKNOWN'> {
  constructor(facts: HostErrorFacts['EXIT_CODE_UNKNOWN'], options?: HostErrorOptions) {
    super('EXIT_CODE_UNKNOWN', facts, options)
  }
}

/** No runtime, or not the requested one, is available, or it was closed. `facts.reports` has the causes. */
export class RuntimeUnavailableError extends HostError<'RUNTIME_UNAVAILABLE'> {
  constructor(facts: HostErrorFacts['RUNTIME_UNAVAILABLE'], options?: HostErrorOptions) {
    super('RUNTIME_UNAVAILABLE', facts, options)
  }
}

for (const named of [MissingCapabilityError, OptionUnsupportedError, ExitCodeUnknownError, RuntimeUnavailableError]) {
  Object.defineProperty(named.prototype, 'name', { value: named.name, writable: true, configurable: true })
}
