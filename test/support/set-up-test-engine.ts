import { dockerPlugin } from '@capstan/runtime-docker'
import type { TestProject } from 'vitest/node'
import { makeFakeBuildKitImage } from '../../packages/feature-buildkit/test/fake-buildkit-image/make-image.mjs'
import type { EngineConnection } from '../../tools/engine/engine-endpoint.mjs'
import { findEngine } from '../../tools/engine/find-engine.mjs'
import { makeTestImages, type TestImageReport } from '../../tools/engine/test-image.mjs'
import type { TestBuildKit } from './test-buildkit.js'
import type { TestEngine } from './test-engine.js'

/** Runs once before the integration tests: finds an engine, creates the test images and prints what is missing. */
export async function setup(project: TestProject): Promise<void> {
  const { engine, buildkit, missing } = await findTestEngine()
  if (missing.length > 0 && process.env.CAPSTAN_REQUIRE_ENGINE === '1') {
    throw new Error(`CAPSTAN_REQUIRE_ENGINE=1, but ${missing.join('; ')}`)
  }
  for (const reason of missing) console.warn(`Integration tests are skipped: ${reason}`)
  project.provide('testEngine', engine)
  project.provide('testBuildKit', buildkit)
}

async function findTestEngine(): Promise<Finding> {
  const found = await findEngine()
  if (!found.available) return toUnavailable(found.reason)
  const { socketPath } = found.connection
  if (!socketPath)
    return toUnavailable(
      `${found.endpoint.host} is not a socket of this machine, and the tests mount files of this machine`,
    )
  const probed = await dockerPlugin({ endpoint: found.endpoint.host }).probe({ env: {} })
  if (!probed.available)
    return toUnavailable(probed.attempts.map(({ candidate, cause }) => `${candidate}: ${cause.message}`).join('; '))
  const [busybox, firewall] = await makeTestImages(found.connection)
  if (!busybox?.made) return toUnavailable(`the engine lacks the test image: ${busybox?.reason}`)
  const engine = {
    available: true,
    socketPath,
    apiVersion: found.apiVersion,
    details: probed.details,
    image: busybox.name,
  } as const
  const fake = await makeFakeBuildKit(found.connection)
  const buildkit: TestBuildKit = fake.made
    ? { available: true, image: fake.name, isFakeBuildKit: true }
    : { available: false, reason: fake.reason }
  return {
    engine: { ...engine, ...(firewall?.made && { firewallImage: firewall.name }) },
    buildkit,
    missing: [
      ...(firewall?.made ? [] : [`those of the firewall; ${firewall?.reason}`]),
      ...(fake.made ? [] : [`those of BuildKit; ${fake.reason}`]),
    ],
  }
}

async function makeFakeBuildKit(connection: EngineConnection): Promise<TestImageReport> {
  return await makeFakeBuildKitImage(connection).catch((error: unknown) => {
    return { name: 'the image of the fake BuildKit', made: false, reason: String(error) } as const
  })
}

function toUnavailable(reason: string): Finding {
  return { engine: { available: false, reason }, buildkit: { available: false, reason }, missing: [reason] }
}

interface Finding {
  readonly engine: TestEngine
  readonly buildkit: TestBuildKit
  /** Why some or all integration tests cannot run here. */
  readonly missing: readonly string[]
}
