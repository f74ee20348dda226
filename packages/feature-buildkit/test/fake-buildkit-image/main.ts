import { runBuildctl } from './buildctl.js'
import { runBuildkitd } from './buildkitd.js'

/**
 * A fake BuildKit: the programs of a test image for engines that cannot pull BuildKit. The daemon serves the API of
 * {@link FakeDaemon}, so it copies files, but runs no programs.
 */
const programs: Readonly<Record<string, (words: readonly string[]) => Promise<number>>> = {
  buildctl: runBuildctl,
  buildkitd: runBuildkitd,
}
const [, , name = '', ...words] = process.argv
process.exitCode = (await programs[name]?.(words)) ?? 127
