import { createRuntimeHost, type OptionName, type RuntimeReport } from '@capstan/core'
import type { ReportedOption } from '@capstan/core/plugin'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import type { MissingRequirement } from '../conformance-report.js'
import { isTried, refusals } from '../refusals.js'
import { toReason } from './to-reason.js'

/**
 * Fails unless the use of each field rejects with OPTION_UNSUPPORTED for this field and creates nothing, and opening the
 * runtime with the field in `requiredOptions` rejects in the same way.
 */
export async function checkAllRefused(
  context: CaseContext,
  refused: readonly ReportedOption[],
): Promise<readonly MissingRequirement[]> {
  const missing: MissingRequirement[] = []
  for (const entry of refused) missing.push(await checkRefused(context, entry))
  return missing
}

/** Finds the entries for the fields of `requiredOptions` or their parents. When both are unsupported, only the parent. */
export function findRefused(report: RuntimeReport, requiredOptions: readonly OptionName[]): readonly ReportedOption[] {
  if (!report.available) return []
  const fields = new Set<string>(report.unsupportedOptions.map(({ field }) => field))
  const required = new Set<string>(requiredOptions.flatMap((field) => [field, ...toParents(field)]))
  return report.unsupportedOptions.filter(
    ({ field }) => required.has(field) && !toParents(field).some((parent) => fields.has(parent)),
  )
}

async function checkRefused(context: CaseContext, refused: ReportedOption): Promise<MissingRequirement> {
  const { field, description, reason } = refused
  expect(reason.trim() !== '', `a reason why "${field}" is unsupported`, refused)
  if (isTried(field)) await refusals[field](context, field)
  expectEqual(await context.listCreated(), [], `the resources left by the refused use of "${field}"`)
  await expectOpenRejects(context, field)
  return { subject: field, description, ...toReason(refused) }
}

async function expectOpenRejects({ plugin, env }: CaseContext, field: OptionName): Promise<void> {
  const host = createRuntimeHost({ plugins: [plugin], env })
  try {
    await expectHostError('OPTION_UNSUPPORTED', () => host.open({ runtime: plugin.name, requiredOptions: [field] }), {
      field,
    })
  } finally {
    await host[Symbol.asyncDispose]()
  }
}

/** Returns the parents of a field: `mounts` and `mounts.tmpfs` of `mounts.tmpfs.size`. */
function toParents(field: OptionName): readonly string[] {
  const words = field.split('.')
  return words.slice(1).map((_, index) => words.slice(0, index + 1).join('.'))
}
