import { type Capability, findCapability } from '@capstan/core'
import type { CaseContext } from '../case-context.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { Lack } from '../conformance-report.js'
import { toReason } from './to-reason.js'

/** Holds a runtime to the absence of a capability: the scope has nothing for it, the report says why. */
export function checkAbsent({ scope }: CaseContext, capability: Capability<object>): Lack {
  const { id, title } = capability
  if (findCapability(scope, capability) !== undefined) {
    throw new ConformanceFailure(`no ${title} in the scope, since the probe did not claim "${id}"`, 'an implementation')
  }
  const listed = scope.report.available ? scope.report.absent.find((entry) => entry.id === id) : undefined
  if (listed === undefined || listed.reason.trim() === '') {
    throw new ConformanceFailure(`"${id}" in the list of what is absent, with its reason`, 'no such entry')
  }
  return { subject: id, ...toReason(listed) }
}
