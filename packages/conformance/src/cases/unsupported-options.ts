import { runtimeCapability } from '@capstan/core'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { checkUnsupportedOptions, findUnsupportedOptions } from '../run/check-unsupported-options.js'

// A case that requires an option checks its rejection too, but may be absent on this runtime for another reason.
export const unsupportedOptionCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'REF-001': {
    title:
      'using an unsupported option of the report rejects and creates nothing; requiring it rejects with OPTION_UNSUPPORTED',
    // Its time grows with the number of unsupported options.
    timeLimitFactor: 6,
    run: async (context) => {
      const { report } = context.scope
      const fields = report.available ? report.unsupportedOptions.map(({ field }) => field) : []
      await checkUnsupportedOptions(context, findUnsupportedOptions(report, fields))
    },
  },
})
