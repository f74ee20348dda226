/**
 * Alternates between two measurements, so that other load on the machine affects both.
 *
 * @param {{ capstan: () => Promise<number>, baseline: () => Promise<number>, pairs: number, isWarm?: boolean }} options each
 *   function resolves with a cost; unless `isWarm`, both are called once before, and that cost is ignored
 * @returns {Promise<{ capstan: number, baseline: number, ratio: number, ratios: number[] }>} the medians, their ratio, and
 *   the ratio of each pair
 */
export async function measurePairs({ capstan, baseline, pairs, isWarm = false }) {
  if (!isWarm) {
    await capstan()
    await baseline()
  }
  const costs = { capstan: [], baseline: [] }
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? ['capstan', 'baseline'] : ['baseline', 'capstan']
    for (const side of order) costs[side].push(await (side === 'capstan' ? capstan() : baseline()))
  }
  const [capstanMedian, baselineMedian] = [toMedian(costs.capstan), toMedian(costs.baseline)]
  const ratios = costs.capstan.map((cost, pair) => cost / costs.baseline[pair])
  return { capstan: capstanMedian, baseline: baselineMedian, ratio: capstanMedian / baselineMedian, ratios }
}

/** Resolves with the milliseconds of wall time of `work`. @param {() => Promise<unknown>} work */
export async function toElapsed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Resolves with the milliseconds of CPU time of this process during `work`, user and system. @param {() => Promise<unknown>} work */
export async function toCpu(work) {
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** @param {readonly number[]} values */
export function toMedian(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
