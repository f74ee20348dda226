import { createRuntimeHost, type OptionName, type RuntimeReport } from '@capstan/core'
import type { ReportedOption } from '@capstan/core/plugin'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import type { MissingRequirement } from '../conformance-report.js'
import { hasCheck, optionChecks } from '../option-checks.js'
import { toReason } from './to-reason.js'

/**
 * Fails unless the use of each option rejects as its {@link optionChecks} entry says and creates nothing, and opening the
 * runtime with it in `requiredOptions` rejects with OPTION_UNSUPPORTED. Options without such an entry are only opened with.
 */
export async function checkUnsupportedOptions(
  context: CaseContext,
  unsupported: readonly ReportedOption[],
): Promise<readonly MissingRequirement[]> {
  const missing: MissingRequirement[] = []
  for (const entry of unsupported) missing.push(await checkUnsupported(context, entry))
  return missing
}

/** Finds the unsupported options among `requiredOptions` and their parents. When both are unsupported, only the parent. */
export function findUnsupportedOptions(
  report: RuntimeReport,
  requiredOptions: readonly OptionName[],
): readonly ReportedOption[] {
  if (!report.available) return []
  const fields = new Set<string>(report.unsupportedOptions.map(({ field }) => field))
  const required = new Set<string>(requiredOptions.flatMap((field) => [field, ...toParents(field)]))
  return report.unsupportedOptions.filter(
    ({ field }) => required.has(field) && !toParents(field).some((parent) => fields.has(parent)),
  )
}

async function checkUnsupported(context: CaseContext, entry: ReportedOption): Promise<MissingRequirement> {
  const { field, description, reason } = entry
  expect(reason.trim() !== '', `a reason why "${field}" is unsupported`, entry)
  if (hasCheck(field)) await optionChecks[field](context, field)
  expectEqual(await context.listCreated(), [], `the resources that remain after the rejected use of "${field}"`)
  await expectOpenRejects(context, field)
  return { subject: field, description, ...toReason(entry) }
}

async function expectOpenRejects({ plugin, env }: CaseContext, field: OptionName): Promise<void> {
  await using host = createRuntimeHost({ plugins: [plugin], env })
  const open = () => host.open({ runtime: plugin.name, requiredOptions: [field] })
  await expectHostError('OPTION_UNSUPPORTED', open, { field })
}

/** Returns the parents of a field: `mounts` and `mounts.tmpfs` of `mounts.tmpfs.size`. */
function toParents(field: OptionName): readonly string[] {
  const words = field.split('.')
  return words.slice(1).map((_, index) => words.slice(0, index + 1).join('.'))
}
