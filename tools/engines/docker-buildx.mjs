import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { isMain } from '../is-main.mjs'
import { runTool } from '../run-tool.mjs'
import { findProgram, prepareProgram } from './debian-program.mjs'

/**
 * Resolves with the path of docker's program for builds by BuildKit, which is `docker build` when it is run with `build`.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError}
 */
export function prepareBuildx(say) {
  return prepareProgram(buildx, say)
}

/**
 * Returns the path of the program if the cache has it.
 *
 * @returns {string | undefined}
 */
export function findBuildx() {
  return findProgram(buildx)
}

async function up() {
  console.log(await prepareBuildx(console.log))
  return 0
}

const buildx = {
  directory: 'docker-buildx',
  suite: 'forky',
  packageName: 'docker-buildx',
  pathInPackage: './usr/libexec/docker/cli-plugins/docker-buildx',
}

// The command line: `node tools/engines/docker-buildx.mjs up`.
if (isMain(import.meta.url)) await runTool('tools/engines/docker-buildx.mjs', { up }, EngineSetUpError)
