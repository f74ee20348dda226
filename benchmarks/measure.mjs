/**
 * Measures two things by turns, so that whatever else the machine does falls on both.
 *
 * @param {{ ours: () => Promise<number>, theirs: () => Promise<number>, pairs: number }} what each resolves with a cost
 * @returns {Promise<{ ours: number, theirs: number, ratio: number }>} medians, and their ratio
 */
export async function measurePairs({ ours, theirs, pairs }) {
  await ours()
  await theirs()
  const costs = { ours: [], theirs: [] }
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours']
    for (const side of order) costs[side].push(await (side === 'ours' ? ours() : theirs()))
  }
  const [oursMedian, theirsMedian] = [toMedian(costs.ours), toMedian(costs.theirs)]
  return { ours: oursMedian, theirs: theirsMedian, ratio: oursMedian / theirsMedian }
}

/** Milliseconds of wall time. @param {() => Promise<unknown>} work */
export async function toElapsed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Milliseconds of this process's CPU time, user and system. @param {() => Promise<unknown>} work */
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
