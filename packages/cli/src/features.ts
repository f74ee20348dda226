import type { FeatureSupport, RuntimeReport } from '@capstan/core'
import { toBuildKitSupport } from '@capstan/feature-buildkit'

/** Whether each feature that the command knows would run on each runtime that is available. */
export function toFeatureSupports(reports: readonly RuntimeReport[]): readonly FeatureSupport[] {
  return reports.filter((report) => report.available).map(toBuildKitSupport)
}
