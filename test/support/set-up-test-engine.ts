import type { TestProject } from 'vitest/node'
import { findEngine } from '../../tools/engine/find-engine.mjs'
import { makeTestImages } from '../../tools/engine/test-image.mjs'
import type { TestEngine } from './test-engine.js'

/** Runs once before the integration tests: finds an engine, makes the images in it, and says once what is missing. */
export async function setup(project: TestProject): Promise<void> {
  const { engine, missing } = await findTestEngine()
  if (missing.length > 0 && process.env.CAPSTAN_REQUIRE_ENGINE === '1') {
    throw new Error(`CAPSTAN_REQUIRE_ENGINE=1, but ${missing.join('; ')}`)
  }
  for (const reason of missing) console.warn(`Integration tests are skipped: ${reason}`)
  project.provide('testEngine', engine)
}

async function findTestEngine(): Promise<Finding> {
  const found = await findEngine()
  if (!found.available) return toNone(found.reason)
  const { socketPath } = found.connection
  if (!socketPath) return toNone(`${found.endpoint.host} is not a socket of this machine, whose files the tests share`)
  const [busybox, firewall] = await makeTestImages(found.connection)
  if (!busybox?.made) return toNone(`the engine lacks the test image: ${busybox?.reason}`)
  const engine = { available: true, socketPath, apiVersion: found.apiVersion, image: busybox.name } as const
  if (firewall?.made) return { engine: { ...engine, firewallImage: firewall.name }, missing: [] }
  return { engine, missing: [`those of the firewall; ${firewall?.reason}`] }
}

function toNone(reason: string): Finding {
  return { engine: { available: false, reason }, missing: [reason] }
}

interface Finding {
  readonly engine: TestEngine
  /** Why some or all integration tests cannot run here. */
  readonly missing: readonly string[]
}
