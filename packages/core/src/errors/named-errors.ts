import { HostError, type HostErrorOptions } from './host-error.js'
import type { HostErrorFacts } from './host-error-facts.js'

/** A feature, or an application, needs what the runtime does not provide. Thrown before any side effect. */
export class MissingCapabilityError extends HostError<'CAPABILITY_MISSING'> {
  constructor(
    facts: Omit<HostErrorFacts['CAPABILITY_MISSING'], 'reports'> &
      Partial<Pick<HostErrorFacts['CAPABILITY_MISSING'], 'reports'>>,
    options?: HostErrorOptions,
  ) {
    super('CAPABILITY_MISSING', { reports: [], ...facts }, options)
  }
}

/** A sensible option which this runtime cannot honour. */
export class OptionUnsupportedError extends HostError<'OPTION_UNSUPPORTED'> {
  constructor(facts: HostErrorFacts['OPTION_UNSUPPORTED'], options?: HostErrorOptions) {
    super('OPTION_UNSUPPORTED', facts, options)
  }
}

/** The process has ended, or may have, and nobody can tell with which code. */
export class ExitCodeUnknownError extends HostError<'EXIT_CODE_UNKNOWN'> {
  constructor(facts: HostErrorFacts['EXIT_CODE_UNKNOWN'], options?: HostErrorOptions) {
    super('EXIT_CODE_UNKNOWN', facts, options)
  }
}

/** No runtime can be used, or the one that was asked for cannot; `facts.reports` say why, each. */
export class RuntimeUnavailableError extends HostError<'RUNTIME_UNAVAILABLE'> {
  constructor(facts: HostErrorFacts['RUNTIME_UNAVAILABLE'], options?: HostErrorOptions) {
    super('RUNTIME_UNAVAILABLE', facts, options)
  }
}

for (const named of [MissingCapabilityError, OptionUnsupportedError, ExitCodeUnknownError, RuntimeUnavailableError]) {
  Object.defineProperty(named.prototype, 'name', { value: named.name, writable: true, configurable: true })
}
