import { buildServiceCapability, findCapability, isHostError, type RuntimeScope } from '@capstan/core'
import {
  BuildKitFeature,
  type BuildKitStartProgress,
  type BuildRequest,
  type BuildResult,
} from '@capstan/feature-buildkit'
import type { Invocation } from '../host/invocation.js'
import { type BuildDisplay, type ProgressKind, toSourceText } from '../render/build-display.js'
import { createBuildKitBuildDisplay } from '../render/buildkit-build-display.js'
import { createBuildKitStartDisplay } from '../render/buildkit-start-display.js'
import { readBuildKitOptions, withImageRemedies } from './buildkit-options.js'

/** Builds with BuildKit and shows the progress. The caller writes the final line of a success to the display. */
export async function buildByBuildKit(
  scope: RuntimeScope,
  request: BuildRequest,
  { invocation, builder, fallback, runtimeBuilder, kind, isJson, title }: BuildByBuildKitOptions,
): Promise<{ readonly result: BuildResult; readonly display: BuildDisplay }> {
  const { io, interrupts } = invocation
  const display = createBuildKitBuildDisplay(io, kind)
  const isShown = kind === 'auto' || kind === 'plain'
  using starting = isShown ? createBuildKitStartDisplay(io.stderr) : undefined
  const onProgress = (event: BuildKitStartProgress) => {
    starting?.onProgress(event)
    if (event.phase === 'ready') display.start()
  }
  const build = scope.resolve(BuildKitFeature).build(request, {
    ...readBuildKitOptions(io),
    builder,
    fallback,
    signal: interrupts.signal,
    onProgress,
  })
  let isSidecar = false
  try {
    for await (const event of build) {
      starting?.[Symbol.dispose]()
      if (event.type === 'builder') isSidecar = event.builder === 'sidecar'
      display.onEvent(event)
    }
    return { result: await build.result, display }
  } catch (error) {
    starting?.[Symbol.dispose]()
    display.fail(`${title} was not built`)
    if (!isJson) io.stderr.write(toSourceText(error))
    const isEnginePossible = builder === 'sidecar' && findCapability(scope, buildServiceCapability) !== undefined
    const otherBuilder = isEnginePossible ? '--builder engine' : runtimeBuilder
    if (isShown && isSidecar && otherBuilder !== undefined && isBaseMissing(error))
      io.stderr.write(`${baseHint} ${otherBuilder}\n`)
    throw withImageRemedies(error, { io, runtimeBuilder })
  }
}

/** Whether a base image is missing. It may have been built on this engine and not be in a registry. */
function isBaseMissing(error: unknown): boolean {
  return isHostError(error, 'BUILD_FAILED') && /failed to resolve source metadata/.test(error.facts.lastLines.join())
}

const baseHint = 'BuildKit in a sidecar pulls base images itself: for a base image that is only on the engine, use'

export interface BuildByBuildKitOptions {
  readonly invocation: Invocation
  readonly builder: 'auto' | 'engine' | 'sidecar'
  /** `runtime`: the builder of the runtime builds if BuildKit cannot be started. */
  readonly fallback: 'none' | 'runtime'
  /** The options with which the builder of the runtime can run this build. `undefined` if it does not support the build. */
  readonly runtimeBuilder: string | undefined
  readonly kind: ProgressKind
  /** Whether errors are written as JSON. */
  readonly isJson: boolean
  /** The name of the result, for messages. */
  readonly title: string
}
