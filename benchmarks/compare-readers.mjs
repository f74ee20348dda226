import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toCpu } from './measure.mjs'
import { createRawEngine } from './raw-engine.mjs'
import { startReplayEngine } from './replay-engine.mjs'

/**
 * Compares two ways to read `count` messages of a server that answers like an engine. `createReaders` gets a runtime of Capstan
 * and a raw client, and returns the functions to compare.
 *
 * @param {number} count
 * @param {number} pairs
 * @param {(clients: { scope: import('@capstan/core').RuntimeScope, raw: ReturnType<typeof createRawEngine> }) => { capstan: () => Promise<void>, baseline: () => Promise<void> }} createReaders
 */
export async function compareReaders(count, pairs, createReaders) {
  const { socketPath, close } = await startReplayEngine(count)
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })], env: {} })
  const raw = createRawEngine(socketPath)
  try {
    const { capstan, baseline } = createReaders({ scope: await host.open(), raw })
    const measured = { capstan: () => toCpu(capstan), baseline: () => toCpu(baseline) }
    return await measurePairs({ ...measured, pairs: Math.min(pairs, 10) })
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
    await close()
  }
}
