import { dockerPlugin } from '@capstan/runtime-docker'
import type { TestProject } from 'vitest/node'
import type { EngineConnection } from '../../tools/engine/engine-endpoint.mjs'
import { findEngine } from '../../tools/engine/find-engine.mjs'
import { makeTestImages } from '../../tools/engine/test-image.mjs'
import type { TestEngine } from './test-engine.js'

/** Runs once before tests that use an engine: finds an engine, creates the test images and prints what is missing. */
export async function setup(project: TestProject): Promise<void> {
  const { engine, missing } = await findTestEngine()
  reportMissing(missing)
  project.provide('testEngine', engine)
}

/** Prints why tests cannot run here. With CAPSTAN_REQUIRE_ENGINE=1 it throws. */
export function reportMissing(missing: readonly string[]): void {
  if (missing.length > 0 && process.env.CAPSTAN_REQUIRE_ENGINE === '1') {
    throw new Error(`CAPSTAN_REQUIRE_ENGINE=1, but ${missing.join('; ')}`)
  }
  for (const reason of missing) console.warn(`Integration tests are skipped: ${reason}`)
}

/** Finds the engine, and creates the test images in it. */
export async function findTestEngine(): Promise<Finding> {
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
  return {
    engine: { ...engine, ...(firewall?.made && { firewallImage: firewall.name }) },
    connection: found.connection,
    missing: firewall?.made ? [] : [`those of the firewall; ${firewall?.reason}`],
  }
}

function toUnavailable(reason: string): Finding {
  return { engine: { available: false, reason }, connection: undefined, missing: [reason] }
}

interface Finding {
  readonly engine: TestEngine
  /** `undefined` without an engine. */
  readonly connection: EngineConnection | undefined
  /** Why some or all tests cannot run here. */
  readonly missing: readonly string[]
}
