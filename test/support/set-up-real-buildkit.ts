import { createRuntimeHost, findCapability, imageTransferCapability } from '@capstan/core'
import { defaultBuildKitImage, defaultRootlessImage } from '@capstan/feature-buildkit'
import { dockerPlugin } from '@capstan/runtime-docker'
import type { TestProject } from 'vitest/node'
import { setup as setUpTestEngine } from './set-up-test-engine.js'

/**
 * Runs once before the project `real-buildkit`: finds or pulls the image in CAPSTAN_BUILDKIT_IMAGE, or the default image, and
 * the rootless image in CAPSTAN_BUILDKIT_ROOTLESS_IMAGE, or the default one. With CAPSTAN_REQUIRE_BUILDKIT=1 it fails when the
 * first image is not available.
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
  if (!rootless.available) console.warn(`The test of a rootless BuildKit is skipped: ${rootless.reason}`)
  const rootlessImage = rootless.available ? rootless.image : undefined
  project.provide('testBuildKit', { available: true, image: found.image, isFakeBuildKit: false, rootlessImage })
}

type Found =
  | { readonly available: true; readonly image: string }
  | { readonly available: false; readonly reason: string }

/**
 * Finds or pulls the named image, or the pinned one. An image that was loaded from a file has no digest of a registry, so the
 * pinned image is also looked for without its digest.
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
