import { createRuntimeHost, type RefusableField, type RuntimeReport } from '@capstan/core'
import type { ReportedRefusal } from '@capstan/core/plugin'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import type { MissingRequirement } from '../conformance-report.js'
import { isTried, refusals } from '../refusals.js'
import { toReason } from './to-reason.js'

/**
 * Holds a runtime to refusals of its report: using such a field is OPTION_UNSUPPORTED with this very field, nothing is
 * made, and who opens a runtime that `requiredOptions` it is told the same.
 */
export async function checkAllRefused(
  context: CaseContext,
  refused: readonly ReportedRefusal[],
): Promise<readonly MissingRequirement[]> {
  const missing: MissingRequirement[] = []
  for (const entry of refused) missing.push(await checkRefused(context, entry))
  return missing
}

/** The entries that refuse a field of `requiredOptions` or the whole that it belongs to; when both are refused, only the whole. */
export function findRefused(
  report: RuntimeReport,
  requiredOptions: readonly RefusableField[],
): readonly ReportedRefusal[] {
  if (!report.available) return []
  const fields = new Set<string>(report.unsupportedOptions.map(({ field }) => field))
  const kept = new Set<string>(requiredOptions.flatMap((field) => [field, ...toWholes(field)]))
  return report.unsupportedOptions.filter(
    ({ field }) => kept.has(field) && !toWholes(field).some((whole) => fields.has(whole)),
  )
}

async function checkRefused(context: CaseContext, refused: ReportedRefusal): Promise<MissingRequirement> {
  const { field, description, reason } = refused
  expect(reason.trim() !== '', `a reason why "${field}" is refused`, refused)
  if (isTried(field)) await refusals[field](context, field)
  expectEqual(await context.listCreated(), [], `what the refused use of "${field}" left`)
  await expectNotKept(context, field)
  return { subject: field, description, ...toReason(refused) }
}

async function expectNotKept({ plugin, env }: CaseContext, field: RefusableField): Promise<void> {
  const host = createRuntimeHost({ plugins: [plugin], env })
  try {
    await expectHostError('OPTION_UNSUPPORTED', () => host.open({ runtime: plugin.name, requiredOptions: [field] }), {
      field,
    })
  } finally {
    await host[Symbol.asyncDispose]()
  }
}

/** `mounts` and `mounts.tmpfs` of `mounts.tmpfs.size`; none of what is no part. */
function toWholes(field: RefusableField): readonly string[] {
  const words = field.split('.')
  return words.slice(1).map((_, index) => words.slice(0, index + 1).join('.'))
}
