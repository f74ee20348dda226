import { createRuntimeHost, type RefusableField, type RuntimeReport } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import type { Reason } from '../conformance-report.js'
import { findRefusal, refusals } from '../refusals.js'
import { toReason } from './to-reason.js'

/**
 * Holds a runtime to a refusal of its report: using the field is OPTION_UNSUPPORTED with this very field, nothing is
 * made, and who opens a runtime that `keeps` it is told the same.
 */
export async function checkRefused(context: CaseContext, field: RefusableField): Promise<Reason> {
  const refused = findRefusal(context.scope.report, field)
  expect(refused !== undefined && refused.reason.trim() !== '', `a reason why "${field}" is refused`, refused)
  await refusals[field]?.(context, field)
  expectEqual(await context.listMade(), [], `what the refused use of "${field}" left`)
  await expectNotKept(context, field)
  return toReason(refused)
}

/** The fields of `keeps` that the report refuses. */
export function findRefused(report: RuntimeReport, keeps: readonly RefusableField[]): RefusableField | undefined {
  return keeps.find((field) => findRefusal(report, field) !== undefined)
}

async function expectNotKept({ plugin, env }: CaseContext, field: RefusableField): Promise<void> {
  const host = createRuntimeHost({ plugins: [plugin], env })
  try {
    await expectHostError('OPTION_UNSUPPORTED', () => host.open({ runtime: plugin.name, keeps: [field] }), { field })
  } finally {
    await host[Symbol.asyncDispose]()
  }
}
