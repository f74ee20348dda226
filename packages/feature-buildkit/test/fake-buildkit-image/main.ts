import { runBuildctl } from './buildctl.js'
import { runBuildkitd } from './buildkitd.js'

/**
 * A fake BuildKit: the programs of a test image for engines that cannot pull BuildKit. It serves BuildKit's control
 * service by real gRPC, replays recorded output of BuildKit v0.32.2, and rejects what that rejects. It builds nothing: its
 * images contain the unchanged build context.
 */
const programs: Readonly<Record<string, (words: readonly string[]) => Promise<number>>> = {
  buildctl: runBuildctl,
  buildkitd: runBuildkitd,
}
const [, , name = '', ...words] = process.argv
process.exitCode = (await programs[name]?.(words)) ?? 127
