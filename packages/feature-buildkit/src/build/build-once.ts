import { isHostError, type OperationOptions } from '@capstan/core'
import type { BuildKitSidecar } from '../buildkit-sidecar.js'
import { canFallBack, type FallbackOptions } from '../fallback/build-on-runtime.js'
import type { BuildRequest } from './build-request.js'
import type { BuildResult, EventSink } from './buildkit-build.js'

/** The two ways of a build that has no sidecar yet. */
export interface BuildWays {
  /** Rejects where there can be no sidecar that could build this. */
  readonly start: () => Promise<BuildKitSidecar>
  /** `undefined`: not wanted. */
  readonly fallBack: ((options: FallbackOptions) => Promise<BuildResult>) | undefined
}

/** One build with its own lease of a sidecar, or by the other way where there can be none. */
export async function buildOnce(
  request: BuildRequest,
  { start, fallBack }: BuildWays,
  { signal, onEvents }: OperationOptions & { readonly onEvents: EventSink },
): Promise<BuildResult> {
  let started: BuildKitSidecar
  try {
    started = await start()
  } catch (reason) {
    signal?.throwIfAborted()
    if (fallBack === undefined || !isWithoutSidecar(reason) || !canFallBack(request)) throw reason
    return fallBack({ reason, onEvents, signal })
  }
  await using sidecar = started
  const build = sidecar.build(request, { signal })
  for await (const event of build) onEvents([event])
  return await build.result
}

/** No sidecar can be had; other failures are the caller's to mend, or are not of BuildKit. */
function isWithoutSidecar(error: unknown): boolean {
  if (isHostError(error, 'OPTION_UNSUPPORTED')) return privileges.has(error.facts.field)
  return isHostError(error) && codes.has(error.code)
}

const codes: ReadonlySet<string> = new Set([
  'CAPABILITY_MISSING',
  'IMAGE_NOT_FOUND',
  'IMAGE_PULL_FAILED',
  'OPERATION_FAILED',
  'TIMED_OUT',
])
const privileges: ReadonlySet<string> = new Set(['privileged', 'capAdd', 'securityOptions'])
