import { toMissingCapability } from './capability-access.js'
import type { FeatureNeeds, FeatureSupport } from './feature.js'
import type { RuntimeReport } from './plugin/runtime-report.js'

/** Whether a feature would run on the runtime of this report; all that is missing or lacking, with reason and remedy. */
export function toFeatureSupport(feature: string, needs: FeatureNeeds, report: RuntimeReport): FeatureSupport {
  const provided = new Set(report.available ? report.provides.map(({ id }) => id) : [])
  const toMissing = (capabilities: FeatureNeeds['required']) =>
    capabilities.filter(({ id }) => !provided.has(id)).map((capability) => toMissingCapability(capability, report))
  const missing = toMissing(needs.required)
  const { runtime } = report
  if (!report.available || missing.length > 0) return { supported: false, feature, runtime, missing }
  return { supported: true, feature, runtime, lacks: toMissing(needs.optional) }
}
