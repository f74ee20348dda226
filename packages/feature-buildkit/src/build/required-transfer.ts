import {
  type ImageTransfer,
  imageTransferCapability,
  MissingCapabilityError,
  type RuntimeReport,
  toFeatureSupport,
} from '@capstan/core'
import type { BuildOutput } from './build-request.js'

/** @throws MissingCapabilityError where the output is to be loaded and the runtime takes no archives */
export function requireTransfer(
  { images, report }: { readonly images: ImageTransfer | undefined; readonly report: RuntimeReport },
  { type }: BuildOutput,
): void {
  if (type !== 'load' || images !== undefined) return
  const needs = { required: [imageTransferCapability], optional: [] }
  const support = toFeatureSupport('output "load"', needs, report)
  const missing = support.supported ? [] : support.missing
  throw new MissingCapabilityError({ feature: support.feature, runtime: support.runtime, missing })
}
