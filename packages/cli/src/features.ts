import {
  execManagerCapability,
  type FeatureNeeds,
  type FeatureSupport,
  imageTransferCapability,
  networkManagerCapability,
  type RuntimeReport,
  sidecarManagerCapability,
  toFeatureSupport,
  volumeManagerCapability,
} from '@capstan/core'

/** Whether each feature that the command knows would run on each runtime that is available. */
export function toFeatureSupports(reports: readonly RuntimeReport[]): readonly FeatureSupport[] {
  const available = reports.filter((report) => report.available)
  return features.flatMap(({ name, needs }) => available.map((report) => toFeatureSupport(name, needs, report)))
}

interface KnownFeature {
  readonly name: string
  readonly needs: FeatureNeeds
}

// What @capstan/feature-buildkit declares as its static `needs`: take it from there once that package is a dependency.
const features: readonly KnownFeature[] = [
  {
    name: 'BuildKit',
    needs: {
      required: [networkManagerCapability, sidecarManagerCapability, execManagerCapability],
      optional: [imageTransferCapability, volumeManagerCapability],
    },
  },
]
