import type { BuildEventListener, BuildRequest, BuildResult } from '@capstan/buildkit-client/request'
import { isHostError, type OperationOptions } from '@capstan/core'
import type { BuildKitSidecar } from '../sidecar/buildkit-sidecar.js'
import { type FallbackOptions, supportsFallback } from './build-on-runtime.js'

/** The ways to build. */
export interface Builders {
  /**
   * Builds by the engine's own BuildKit. Rejects with OPTION_UNSUPPORTED, before the build, if it does not support the request.
   * `undefined`: the engine has none, or the caller requested a sidecar.
   */
  readonly buildOnEngine: ((options: BuildOptions) => Promise<BuildResult>) | undefined
  /**
   * Starts a sidecar. Rejects if that is not possible, or if the runtime cannot load the result. `undefined`: the caller
   * requested the engine's own BuildKit.
   */
  readonly start: (() => Promise<BuildKitSidecar>) | undefined
  /** Builds with the runtime's own builder. `undefined`: the caller did not request a fallback. */
  readonly buildOnRuntime: ((options: FallbackOptions) => Promise<BuildResult>) | undefined
}

type BuildOptions = OperationOptions & { readonly onEvents: BuildEventListener }

/** Builds with the first builder that is available and supports the request: the engine's, a sidecar, the runtime's own. */
export async function buildWithFallback(
  request: BuildRequest,
  { buildOnEngine, start, buildOnRuntime }: Builders,
  { signal, onEvents }: BuildOptions,
): Promise<BuildResult> {
  let unsupported: unknown
  if (buildOnEngine !== undefined) {
    let hasBegun = false
    try {
      return await buildOnEngine({
        signal,
        onEvents: (events) => {
          hasBegun = true
          onEvents(events)
        },
      })
    } catch (error) {
      // A proxy in front of the engine may refuse the connection.
      const isUnavailable = isHostError(error, 'OPTION_UNSUPPORTED') || isHostError(error, 'OPERATION_FAILED')
      if (hasBegun || !isUnavailable || start === undefined) throw error
      unsupported = error
    }
  }
  if (start === undefined) throw unsupported
  let started: BuildKitSidecar
  try {
    started = await start()
  } catch (reason) {
    signal?.throwIfAborted()
    // On a runtime without sidecars, the error of the engine's BuildKit is the more useful one.
    const cause = isHostError(reason, 'CAPABILITY_MISSING') && unsupported !== undefined ? unsupported : reason
    // Else the caller would not learn why a sidecar was needed.
    if (cause !== unsupported && unsupported instanceof Error)
      onEvents([{ type: 'warning', stepId: '', message: unsupported.message }])
    if (buildOnRuntime === undefined || !allowsFallback(reason) || !supportsFallback(request)) throw cause
    return buildOnRuntime({ reason: cause, onEvents, signal })
  }
  await using sidecar = started
  const reasons = unsupported instanceof Error ? [unsupported.message] : []
  const build = sidecar.build(request, { signal })
  for await (const event of build) onEvents([event.type === 'builder' ? { ...event, reasons } : event])
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
