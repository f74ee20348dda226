import { runtimeCapability } from '@capstan/core'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { checkAllRefused, findRefused } from '../run/check-refused.js'

// The cases that rely on a field hold the runtime to its refusal, too: but of those none may be left.
export const refusalCases: readonly ConformanceCase[] = defineCases({ capability: runtimeCapability }, [
  {
    id: 'REF-001',
    title: 'each field that the report refuses is OPTION_UNSUPPORTED where it is used, and makes nothing',
    timeFactor: 3,
    run: async (context) => {
      const { report } = context.scope
      const fields = report.available ? report.unsupportedOptions.map(({ field }) => field) : []
      await checkAllRefused(context, findRefused(report, fields))
    },
  },
])
