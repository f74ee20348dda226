import { containerStatsCapability, createRuntimeHost, findCapability } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { measurePairs, toCpu } from './measure.mjs'
import { createRawEngine, readJsonLines } from './raw-engine.mjs'
import { startReplayEngine } from './replay-engine.mjs'

export const title = 'client CPU of reading 2000 samples of a container / of reading and parsing the raw response'
export const target = 1.1

export async function run({ pairs }) {
  const { socketPath, close } = await startReplayEngine(count)
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })], env: {} })
  const stats = findCapability(await host.open(), containerStatsCapability)
  const raw = createRawEngine(socketPath)
  try {
    return await measurePairs({
      capstan: () => toCpu(() => watch(stats)),
      baseline: () => toCpu(() => readRaw(raw)),
      pairs: Math.min(pairs, 10),
    })
  } finally {
    raw.close()
    await host[Symbol.asyncDispose]()
    await close()
  }
}

async function watch(stats) {
  let seen = 0
  for await (const { cpu } of stats.watch('bench')) if (cpu.share >= 0) seen += 1
  // The first one has no CPU share.
  if (seen !== count - 1) throw new Error(`${seen} samples`)
}

async function readRaw(raw) {
  let seen = 0
  for await (const { cpu_stats } of readJsonLines(await raw.stream('GET', '/containers/bench/stats?stream=1'))) {
    if (cpu_stats.cpu_usage.total_usage >= 0) seen += 1
  }
  if (seen !== count) throw new Error(`${seen} samples`)
}

const count = 2000
