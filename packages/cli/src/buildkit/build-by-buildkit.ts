import { isHostError, type RuntimeScope } from '@capstan/core'
import {
  BuildKitFeature,
  type BuildKitStartProgress,
  type BuildRequest,
  type BuildResult,
} from '@capstan/feature-buildkit'
import type { Invocation } from '../invocation.js'
import type { Io } from '../io.js'
import type { ProgressKind } from '../render/build-display.js'
import { toOneLine, toPrintable } from '../render/printable.js'
import { createStartDisplay } from '../render/start-display.js'
import { createStepsDisplay, type StepsDisplay } from '../render/steps-display.js'
import { readBuildKitOptions } from './buildkit-environment.js'
import { withImageRemedy } from './with-image-remedy.js'

/** One build by BuildKit, shown while it goes on. That it succeeded is the caller's to say, on the display. */
export async function buildByBuildKit(
  scope: RuntimeScope,
  request: BuildRequest,
  { invocation, fallback, canBuildWithout, kind, title }: BuildByBuildKitOptions,
): Promise<{ readonly result: BuildResult; readonly display: StepsDisplay }> {
  const { io, interrupts } = invocation
  const chosen = readBuildKitOptions(io)
  const display = createStepsDisplay(io, kind)
  const isShown = kind === 'auto' || kind === 'plain'
  const starting = isShown ? createStartDisplay(io.stderr) : undefined
  const onProgress = (event: BuildKitStartProgress) => {
    starting?.onProgress(event)
    if (event.phase === 'ready') display.begin()
  }
  const build = scope.resolve(BuildKitFeature).build(request, {
    ...chosen,
    fallback,
    // Whoever builds again at once finds it kept, or starts another: nobody waits for that here.
    graceMs: 0,
    signal: interrupts.signal,
    onProgress,
  })
  try {
    for await (const event of build) {
      starting?.clear()
      display.onEvent(event)
    }
    return { result: await build.result, display }
  } catch (error) {
    starting?.clear()
    display.fail(`${title} was not built`)
    writeSource(error, io)
    if (isShown && isBaseMissing(error)) io.stderr.write(`${baseHint}\n`)
    throw withImageRemedy(error, { io, canBuildWithout })
  }
}

/** The lines of the Dockerfile at which the build failed. */
function writeSource(error: unknown, { stderr }: Pick<Io, 'stderr'>): void {
  if (!isHostError(error, 'BUILD_FAILED') || error.facts.source === undefined) return
  const { file, line, excerpt } = error.facts.source
  stderr.write(`${toOneLine(file)}:${line}\n${excerpt.map((text) => `${toPrintable(text)}\n`).join('')}`)
}

/** An image that was built on this engine, and is in no registry. */
function isBaseMissing(error: unknown): boolean {
  return isHostError(error, 'BUILD_FAILED') && /failed to resolve source metadata/.test(error.facts.lastLines.join())
}

const baseHint = 'BuildKit pulls base images itself: --builder runtime finds those that only the runtime has, too'

export interface BuildByBuildKitOptions {
  readonly invocation: Invocation
  readonly fallback: 'none' | 'runtime'
  /** Whether the runtime's own builder does all that is asked. */
  readonly canBuildWithout: boolean
  readonly kind: ProgressKind
  /** What is built. */
  readonly title: string
}
