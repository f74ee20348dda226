import { containerStatsCapability, requireCapabilities } from '@capstan/core'
import { compareReaders } from './compare-readers.mjs'
import { readJsonLines } from './raw-engine.mjs'

export const title = 'client CPU of reading 2000 samples of a container / of reading and parsing the raw response'
export const target = 1.1

export function run({ pairs }) {
  return compareReaders(count, pairs, ({ scope, raw }) => {
    const { stats } = requireCapabilities(scope, { stats: containerStatsCapability })
    return { capstan: () => watch(stats), baseline: () => readRaw(raw) }
  })
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
