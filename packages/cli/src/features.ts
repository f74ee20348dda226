import { type FeatureSupport, type RuntimeReport, toFeatureSupport } from '@capstan/core'
import { BuildKitFeature } from '@capstan/feature-buildkit'

/** Whether each feature that the command knows would run on each runtime that is available. */
export function toFeatureSupports(reports: readonly RuntimeReport[]): readonly FeatureSupport[] {
  const available = reports.filter((report) => report.available)
  return available.map((report) => toFeatureSupport('BuildKit', BuildKitFeature.needs, report))
}
