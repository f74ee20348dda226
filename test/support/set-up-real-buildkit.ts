import { createRuntimeHost, findCapability, imageTransferCapability } from '@capstan/core'
import { defaultBuildKitImage } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'
import type { TestProject } from 'vitest/node'
import { setup as setUpTestEngine } from './set-up-test-engine.js'
import type { TestBuildKit } from './test-buildkit.js'

/**
 * Runs once before the project `real-buildkit`: finds the image that CAPSTAN_BUILDKIT_IMAGE names, or the pinned one, and
 * pulls it where the engine does not have it. CAPSTAN_REQUIRE_BUILDKIT=1 makes its absence a failure.
 */
export async function setup(project: TestProject): Promise<void> {
  const { CAPSTAN_BUILDKIT_IMAGE: named, CAPSTAN_REQUIRE_BUILDKIT: required } = process.env
  await setUpTestEngine(project)
  const buildkit = await findBuildKit(named === undefined ? [defaultBuildKitImage, unpinned] : [named])
  if (!buildkit.available && required === '1') throw new Error(`CAPSTAN_REQUIRE_BUILDKIT=1, but ${buildkit.reason}`)
  if (!buildkit.available) console.warn(`Tests on a real BuildKit are skipped: ${buildkit.reason}`)
  project.provide('testBuildKit', buildkit)
}

/** The first that is there; else the first of all, pulled. */
async function findBuildKit(images: readonly [string, ...string[]]): Promise<TestBuildKit> {
  await using host = createRuntimeHost({ plugins: [dockerPlugin()] })
  try {
    const scope = await host.open()
    for (const image of images) {
      if (await scope.runtime.imageExists(image)) return { available: true, image, isStandIn: false }
    }
    const [image] = images
    await findCapability(scope, imageTransferCapability)?.pullImage(image, { signal: AbortSignal.timeout(pullMs) })
    return { available: true, image, isStandIn: false }
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

// An image that was loaded from a file has a name, and no digest that a registry gave it.
const [unpinned = ''] = defaultBuildKitImage.split('@')
const pullMs = 300_000
