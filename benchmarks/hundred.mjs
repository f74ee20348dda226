import { withLifecycles } from './lifecycle.mjs'
import { measurePairs, toElapsed } from './measure.mjs'

export const title = 'many lifecycles at once: create + start + wait + remove / the same four raw requests'
export const target = 1.05
export const needsEngine = true

/** Also counts the lifecycles that failed. */
export async function run({ pairs, ...engine }) {
  return withLifecycles(engine, async (sides) => {
    await sides.capstan()
    await sides.baseline()
    const results = []
    for (const count of counts) results.push(await measureAtOnce(count, { ...sides, pairs: Math.min(pairs, maxPairs) }))
    return results
  })
}

async function measureAtOnce(count, { capstan, baseline, pairs }) {
  const errors = { capstan: [], baseline: [] }
  const measure = (side, lifecycle) => () =>
    toElapsed(async () => {
      const settled = await Promise.allSettled(Array.from({ length: count }, lifecycle))
      errors[side].push(...settled.filter(({ status }) => status === 'rejected').map(({ reason }) => reason))
    })
  const result = await measurePairs({
    capstan: measure('capstan', capstan),
    baseline: measure('baseline', baseline),
    pairs,
    isWarm: true,
  })
  return {
    ...result,
    label: `${count} at once`,
    failed: errors.capstan.length > 0,
    remark: `pairs ${result.ratios.map((ratio) => ratio.toFixed(2)).join(' ')}; failed ${errors.capstan.length} / ${errors.baseline.length} of ${count * pairs}${toExamples(errors)}`,
  }
}

/** The first error of each side, since most lifecycles of a round fail for the same reason. */
function toExamples(errors) {
  return Object.entries(errors)
    .filter(([, [first]]) => first !== undefined)
    .map(([side, [first]]) => `; ${side}: ${first.message}`)
    .join('')
}

const counts = [100, 200]

/** The limit keeps the benchmark short: a round takes up to a minute. */
const maxPairs = 5
