import { describe, inject } from 'vitest'
import { type AvailableTestEngine, testEngine } from './test-engine.js'

/**
 * The image of BuildKit for tests: a stand-in that replays recordings in the project `integration`, a real one in
 * `real-buildkit`, or the reason why there is none.
 */
const testBuildKit: TestBuildKit = inject('testBuildKit')

/** Declares tests that need an engine with BuildKit or its stand-in. Use `given` only inside tests and hooks. */
export function describeWithBuildKit(title: string, define: (given: BuildKitOnEngine) => void): void {
  const given = findGiven()
  const kind = given?.isStandIn === false ? '' : ' (stand-in)'
  describe.skipIf(given === undefined)(`${title}${kind}`, () => define(given ?? placeholder))
}

function findGiven(): BuildKitOnEngine | undefined {
  if (!testEngine.available || !testBuildKit.available) return undefined
  const { image: buildkitImage, isStandIn, rootlessImage } = testBuildKit
  return { ...testEngine, buildkitImage, isStandIn, rootlessImage }
}

export type TestBuildKit =
  | {
      readonly available: true
      readonly image: string
      readonly isStandIn: boolean
      /** The rootless image of a real BuildKit, if it is available. */
      readonly rootlessImage?: string | undefined
    }
  | { readonly available: false; readonly reason: string }

export interface BuildKitOnEngine extends AvailableTestEngine {
  readonly buildkitImage: string
  readonly isStandIn: boolean
  readonly rootlessImage: string | undefined
}

const placeholder: BuildKitOnEngine = {
  available: true,
  socketPath: '',
  apiVersion: '',
  image: '',
  buildkitImage: '',
  isStandIn: true,
  rootlessImage: undefined,
}

declare module 'vitest' {
  interface ProvidedContext {
    testBuildKit: TestBuildKit
  }
}
