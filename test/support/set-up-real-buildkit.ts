import { createRuntimeHost, findCapability, imageTransferCapability } from '@capstan/core'
import { defaultBuildKitImage, defaultRootlessImage } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'
import type { TestProject } from 'vitest/node'
import { setup as setUpTestEngine } from './set-up-test-engine.js'

/**
 * Runs once before the project `real-buildkit`: finds the image that CAPSTAN_BUILDKIT_IMAGE names, or the pinned one, and
 * pulls it where the engine does not have it; then its twin without root, CAPSTAN_BUILDKIT_ROOTLESS_IMAGE or the pinned one.
 * CAPSTAN_REQUIRE_BUILDKIT=1 makes the absence of the first a failure.
 */
export async function setup(project: TestProject): Promise<void> {
  const { CAPSTAN_BUILDKIT_IMAGE, CAPSTAN_BUILDKIT_ROOTLESS_IMAGE, CAPSTAN_REQUIRE_BUILDKIT } = process.env
  await setUpTestEngine(project)
  const found = await findImage(CAPSTAN_BUILDKIT_IMAGE, defaultBuildKitImage)
  if (!found.available) {
    if (CAPSTAN_REQUIRE_BUILDKIT === '1') throw new Error(`CAPSTAN_REQUIRE_BUILDKIT=1, but ${found.reason}`)
    console.warn(`Tests on a real BuildKit are skipped: ${found.reason}`)
    return project.provide('testBuildKit', found)
  }
  const rootless = await findImage(CAPSTAN_BUILDKIT_ROOTLESS_IMAGE, defaultRootlessImage)
  if (!rootless.available) console.warn(`The test of a BuildKit without root is skipped: ${rootless.reason}`)
  const rootlessImage = rootless.available ? rootless.image : undefined
  project.provide('testBuildKit', { available: true, image: found.image, isStandIn: false, rootlessImage })
}

type Found =
  | { readonly available: true; readonly image: string }
  | { readonly available: false; readonly reason: string }

/**
 * The image that is named, or else the pinned one; pulled where it is not there.
 *
 * One that was loaded from a file has a name, and no digest that a registry gave it: then the name of the pinned one will do.
 */
async function findImage(named: string | undefined, pinned: string): Promise<Found> {
  const [unpinned = pinned] = pinned.split('@')
  await using host = createRuntimeHost({ plugins: [dockerPlugin()] })
  try {
    const scope = await host.open()
    for (const image of named === undefined ? [pinned, unpinned] : [named]) {
      if (await scope.runtime.imageExists(image)) return { available: true, image }
    }
    const image = named ?? pinned
    await findCapability(scope, imageTransferCapability)?.pullImage(image, { signal: AbortSignal.timeout(pullMs) })
    return { available: true, image }
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

const pullMs = 300_000
