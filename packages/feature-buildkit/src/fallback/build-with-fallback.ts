import { isHostError, type OperationOptions } from '@capstan/core'
import type { BuildRequest } from '../build/build-request.js'
import type { BuildResult } from '../build/build-result.js'
import type { BuildEventListener } from '../build/buildkit-build.js'
import type { BuildKitSidecar } from '../sidecar/buildkit-sidecar.js'
import { canFallBack, type FallbackOptions } from './build-on-runtime.js'

/** The two ways to build. */
export interface Builders {
  /** Starts a sidecar. Rejects if there can be none for this build. */
  readonly start: () => Promise<BuildKitSidecar>
  /** Builds without a sidecar. `undefined`: the caller did not ask for it. */
  readonly fallBack: ((options: FallbackOptions) => Promise<BuildResult>) | undefined
}

/** Builds in a started or shared sidecar, or without a sidecar if none can be started. */
export async function buildWithFallback(
  request: BuildRequest,
  { start, fallBack }: Builders,
  { signal, onEvents }: OperationOptions & { readonly onEvents: BuildEventListener },
): Promise<BuildResult> {
  let started: BuildKitSidecar
  try {
    started = await start()
  } catch (reason) {
    signal?.throwIfAborted()
    if (fallBack === undefined || !allowsFallback(reason) || !canFallBack(request)) throw reason
    return fallBack({ reason, onEvents, signal })
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
