import type { TestProject } from 'vitest/node'
import { makeFakeBuildKitImage } from '../../packages/feature-buildkit/test/fake-buildkit-image/make-image.mjs'
import type { EngineConnection } from '../../tools/engine/engine-endpoint.mjs'
import { findTestEngine, reportMissing } from './set-up-test-engine.js'
import type { TestBuildKit } from './test-buildkit.js'

/** Runs once before the integration tests: finds the engine as `set-up-test-engine.ts` does, and creates the fake BuildKit. */
export async function setup(project: TestProject): Promise<void> {
  const { engine, connection, missing } = await findTestEngine()
  const buildkit = await makeFakeBuildKit(connection)
  reportMissing([...missing, ...(connection && !buildkit.available ? [`those of BuildKit; ${buildkit.reason}`] : [])])
  project.provide('testEngine', engine)
  project.provide('testBuildKit', buildkit)
}

async function makeFakeBuildKit(connection: EngineConnection | undefined): Promise<TestBuildKit> {
  if (connection === undefined) return { available: false, reason: 'there is no engine' }
  try {
    const fake = await makeFakeBuildKitImage(connection)
    return fake.made
      ? { available: true, image: fake.name, isFakeBuildKit: true }
      : { available: false, reason: fake.reason }
  } catch (error) {
    return { available: false, reason: String(error) }
  }
}
