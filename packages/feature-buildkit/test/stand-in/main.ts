import { runBuildctl } from './buildctl.js'
import { runBuildkitd } from './buildkitd.js'

/**
 * STAND-IN, not BuildKit: both programs of an image for tests, for engines that have no BuildKit to pull. It serves
 * BuildKit's control service by real gRPC, plays what BuildKit v0.32.2 was recorded to write, and refuses what that
 * refuses. It builds nothing: an image of it holds the build context as it is.
 */
const programs: Readonly<Record<string, (words: readonly string[]) => Promise<number>>> = {
  buildctl: runBuildctl,
  buildkitd: runBuildkitd,
}
const [, , name = '', ...words] = process.argv
process.exitCode = (await programs[name]?.(words)) ?? 127
