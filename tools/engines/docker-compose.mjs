import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { isMain } from '../is-main.mjs'
import { runTool } from '../run-tool.mjs'
import { findProgram, prepareProgram } from './debian-program.mjs'

/**
 * A release of Compose with which Capstan is tested. It needs no docker CLI.
 *
 * @typedef {'2.26' | '2.40'} ComposeRelease
 */

/** @type {readonly ComposeRelease[]} */
const composeReleases = ['2.26', '2.40']

/**
 * Returns the release with which an engine of the matrix is tested: that of its suite, and the older one where that is Compose 1.
 *
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @returns {ComposeRelease}
 */
export function toComposeRelease({ suite }) {
  return suite === 'forky' ? '2.40' : '2.26'
}

/**
 * Resolves with the path of the program of a release.
 *
 * @param {ComposeRelease} release
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError}
 */
export function prepareCompose(release, say) {
  return prepareProgram(toProgram(release), say)
}

/**
 * Returns the path of the program of a release if the cache has it.
 *
 * @param {ComposeRelease} release
 * @returns {string | undefined}
 */
export function findComposeRelease(release) {
  return findProgram(toProgram(release))
}

/** @param {ComposeRelease} release */
function toProgram(release) {
  return {
    directory: `docker-compose-${release}`,
    suite: release === '2.26' ? 'trixie' : 'forky',
    packageName: 'docker-compose',
    pathInPackage: './usr/libexec/docker/cli-plugins/docker-compose',
  }
}

async function up() {
  for (const release of composeReleases) console.log(await prepareCompose(release, console.log))
  return 0
}

// The command line: `node tools/engines/docker-compose.mjs up`.
if (isMain(import.meta.url)) await runTool('tools/engines/docker-compose.mjs', { up }, EngineSetUpError)
