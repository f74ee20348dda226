import { describe, inject } from 'vitest'
import { type AvailableTestEngine, testEngine } from './test-engine.js'

/**
 * The image of BuildKit for tests: in the project `integration` a stand-in that plays recordings, in `real-buildkit` a
 * real one. Each says why where it has none.
 */
const testBuildKit: TestBuildKit = inject('testBuildKit')

/** Declares tests that need a real engine and, in it, BuildKit or its stand-in; used inside tests and hooks alone. */
export function describeWithBuildKit(title: string, define: (given: BuildKitOnEngine) => void): void {
  const given = findGiven()
  const kind = given?.isStandIn === false ? '' : ', played by a stand-in'
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
      /** For a daemon without root; of a real one alone, and where it can be had. */
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
