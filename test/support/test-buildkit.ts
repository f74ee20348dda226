import { describe, inject } from 'vitest'
import { type AvailableTestEngine, testEngine } from './test-engine.js'

/**
 * The image of BuildKit for tests: a fake in the project `integration`, a real one in `real-buildkit`, or the reason why there is
 * none.
 */
const testBuildKit: TestBuildKit = inject('testBuildKit')

/** Declares tests that need an engine with BuildKit or a fake BuildKit. Use `given` only inside tests and hooks. */
export function describeWithBuildKit(title: string, define: (given: BuildKitOnEngine) => void): void {
  const given = findGiven()
  const kind = given?.isFakeBuildKit === false ? '' : ' (fake)'
  describe.skipIf(given === undefined)(`${title}${kind}`, () => define(given ?? placeholder))
}

function findGiven(): BuildKitOnEngine | undefined {
  if (!testEngine.available || !testBuildKit.available) return undefined
  const { image: buildkitImage, isFakeBuildKit, rootlessImage } = testBuildKit
  return { ...testEngine, buildkitImage, isFakeBuildKit, rootlessImage }
}

export type TestBuildKit =
  | {
      readonly available: true
      readonly image: string
      readonly isFakeBuildKit: boolean
      /** The rootless image of a real BuildKit, if it is available. */
      readonly rootlessImage?: string | undefined
    }
  | { readonly available: false; readonly reason: string }

export interface BuildKitOnEngine extends AvailableTestEngine {
  readonly buildkitImage: string
  readonly isFakeBuildKit: boolean
  readonly rootlessImage: string | undefined
}

const placeholder: BuildKitOnEngine = {
  available: true,
  socketPath: '',
  apiVersion: '',
  image: '',
  buildkitImage: '',
  isFakeBuildKit: true,
  rootlessImage: undefined,
}

declare module 'vitest' {
  interface ProvidedContext {
    testBuildKit: TestBuildKit
  }
}
