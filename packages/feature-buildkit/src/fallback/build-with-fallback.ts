import { isHostError, type OperationOptions } from '@capstan/core'
import type { BuildRequest } from '../build/build-request.js'
import type { BuildResult } from '../build/build-result.js'
import type { BuildEventListener } from '../build/buildkit-build.js'
import type { BuildKitSidecar } from '../sidecar/buildkit-sidecar.js'
import { type FallbackOptions, supportsFallback } from './build-on-runtime.js'

/** The two ways to build. */
export interface Builders {
  /** Starts a sidecar. Rejects if that is not possible, or if the runtime cannot load the result. */
  readonly start: () => Promise<BuildKitSidecar>
  /** Builds with the runtime's own builder. `undefined`: the caller did not request a fallback. */
  readonly buildOnRuntime: ((options: FallbackOptions) => Promise<BuildResult>) | undefined
}

/** Builds in a sidecar, or with the runtime's own builder if no sidecar can be started. */
export async function buildWithFallback(
  request: BuildRequest,
  { start, buildOnRuntime }: Builders,
  { signal, onEvents }: OperationOptions & { readonly onEvents: BuildEventListener },
): Promise<BuildResult> {
  let started: BuildKitSidecar
  try {
    started = await start()
  } catch (reason) {
    signal?.throwIfAborted()
    if (buildOnRuntime === undefined || !allowsFallback(reason) || !supportsFallback(request)) throw reason
    return buildOnRuntime({ reason, onEvents, signal })
  }
  await using sidecar = started
  const build = sidecar.build(request, { signal })
  for await (const event of build) onEvents([event])
  return await build.result
}

/**
 * Whether the fallback may be used after this error: a capability, the image or all privilege levels are unavailable, or the
 * start failed or timed out. Other errors, such as NAME_CONFLICT or INVALID_ARGUMENT, are reported.
 */
function allowsFallback(error: unknown): boolean {
  if (isHostError(error, 'OPTION_UNSUPPORTED')) return privilegeFields.has(error.facts.field)
  return isHostError(error) && codes.has(error.code)
}

const codes: ReadonlySet<string> = new Set([
  'CAPABILITY_MISSING',
  'IMAGE_NOT_FOUND',
  'IMAGE_PULL_FAILED',
  'OPERATION_FAILED',
  'TIMED_OUT',
])
const privilegeFields: ReadonlySet<string> = new Set(['privileged', 'capAdd', 'securityOptions'])
