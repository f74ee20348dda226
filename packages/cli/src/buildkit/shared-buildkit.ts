import {
  buildServiceCapability,
  type Capability,
  findCapability,
  type RuntimeScope,
  volumeManagerCapability,
} from '@capstan/core'
import { BuildKitFeature, type BuildKitSidecar } from '@capstan/feature-buildkit'
import type { Invocation } from '../host/invocation.js'
import { createBuildKitStartDisplay } from '../render/buildkit-start-display.js'
import { readBuildKitOptions, withImageRemedies } from './buildkit-options.js'

/** The capabilities that `run --buildkit` needs. */
export const needs: readonly Capability<object>[] = [
  ...Object.values(BuildKitFeature.sidecarNeeds.required),
  volumeManagerCapability,
]

/** Starts BuildKit, or shares the running one. Disposing releases it. */
export async function shareBuildKit(
  scope: RuntimeScope,
  { io, interrupts: { signal } }: Invocation,
): Promise<BuildKitSidecar> {
  using display = createBuildKitStartDisplay(io.stderr)
  const { onProgress } = display
  try {
    return await scope.resolve(BuildKitFeature).start({ ...readBuildKitOptions(io), signal, onProgress })
  } catch (error) {
    throw withImageRemedies(error, { io })
  }
}

/** Describes that no BuildKit in a container runs. The engine's own BuildKit, which builds without one, is not meant. */
export function describeAbsence(scope: RuntimeScope): string {
  const hasService = findCapability(scope, buildServiceCapability) !== undefined
  const runtime = scope.runtimeName
  if (!hasService) return `BuildKit does not run on ${runtime}`
  return `BuildKit does not run in a container on ${runtime}, which builds with the engine's BuildKit`
}
