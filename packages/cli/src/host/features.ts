import type { FeatureSupport, RuntimeReport } from '@capstan/core'
import { toBuildKitSupport } from '@capstan/feature-buildkit'

/** Returns the support of each known feature on each available runtime. */
export function toFeatureSupports(reports: readonly RuntimeReport[]): readonly FeatureSupport[] {
  return reports.filter((report) => report.available).map(toBuildKitSupport)
}
