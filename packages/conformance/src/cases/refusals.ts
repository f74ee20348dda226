import { runtimeCapability } from '@capstan/core'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { checkAllRefused, findRefused } from '../run/check-refused.js'

// Cases that require an option check its refusal too, but every such case may be absent on this runtime.
export const refusalCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'REF-001': {
    title:
      'each field that the report lists as unsupported rejects with OPTION_UNSUPPORTED when used, and creates nothing',
    timeFactor: 3,
    run: async (context) => {
      const { report } = context.scope
      const fields = report.available ? report.unsupportedOptions.map(({ field }) => field) : []
      await checkAllRefused(context, findRefused(report, fields))
    },
  },
})
