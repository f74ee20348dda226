import { BuildDraft, type GeneratedBuild } from './build-draft.js'
import { failingParts } from './failing-parts.js'
import { type BuildPart, combinedParts, soleParts, stageParts } from './succeeding-parts.js'

/**
 * Returns builds that are the same for the same options. One of five has a part that makes it fail, and each part is in a build
 * when there are enough of them. `image`: an image of the engine with busybox and a user `capstan`.
 */
export function generateBuilds({ count, first, image }: GenerateOptions): readonly GeneratedBuild[] {
  return Array.from({ length: count }, (_, index) => generateBuild(first + index, image))
}

export interface GenerateOptions {
  readonly count: number
  /** The seed of the first build. */
  readonly first: number
  readonly image: string
}

function generateBuild(seed: number, image: string): GeneratedBuild {
  const build = new BuildDraft(seed, image)
  const parts = choose(build, seed)
  for (const [, add] of parts) add(build)
  return build.toBuild(
    seed,
    parts.map(([name]) => name),
  )
}

type NamedPart = readonly [name: string, part: BuildPart]

/** Each list of parts is gone through in order, so that none is left out, and combined with parts at random. */
function choose(build: BuildDraft, seed: number): readonly NamedPart[] {
  const [round, turn] = [Math.floor(seed / 10), seed % 10]
  if (turn < 2) return [...chooseOthers(build, 1), take(failingParts, 2 * round + turn)]
  if (turn === 2) return [...chooseOthers(build, 2), take(stageParts, round)]
  if (turn === 3 && round % 4 === 0) return [take(soleParts, round / 4)]
  const combined = [take(combinedParts, 7 * round + turn - 3), ...chooseOthers(build, build.dice.below(4))]
  if (build.dice.isHit(25)) combined.push(take(stageParts, build.dice.below(100)))
  return [...new Map(combined)]
}

function chooseOthers({ dice }: BuildDraft, count: number): readonly NamedPart[] {
  const chosen = Array.from({ length: count }, () => take(combinedParts, dice.below(1_000)))
  return [...new Map(chosen)]
}

function take(parts: Readonly<Record<string, BuildPart>>, turn: number): NamedPart {
  const entries = Object.entries(parts)
  const entry = entries[turn % entries.length]
  if (entry === undefined) throw new Error('there are no parts')
  return entry
}
