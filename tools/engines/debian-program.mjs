import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { downloadPackages } from './debian-archive.mjs'
import { cacheDirectory } from './matrix-files.mjs'

/**
 * A program of one file in a package of Debian, which runs on this machine as it is.
 *
 * @typedef {object} DebianProgram
 * @property {string} directory its folder in the cache
 * @property {string} suite
 * @property {string} packageName
 * @property {string} pathInPackage
 */

/**
 * Resolves with the path of the program. It is taken from the package once, and kept in the cache with its digest; with another
 * digest it is taken again.
 *
 * @param {DebianProgram} source
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError}
 */
export async function prepareProgram(source, say) {
  const { suite, packageName, pathInPackage } = source
  const found = findProgram(source)
  if (found !== undefined) return found
  const [directory, program] = [join(cacheDirectory, source.directory), toPath(source)]
  say(`There is no complete ${program}: taking it from Debian's package`)
  const packages = await downloadPackages(suite, [packageName], { directory })
  const file = packages.map(({ file }) => file).find((file) => file.startsWith(`${packageName}_`)) ?? ''
  const command = 'dpkg-deb --fsys-tarfile "$1" | tar -x --to-stdout "$2" >"$3"'
  const args = [join(directory, 'archives', file), pathInPackage, `${program}.partial`]
  const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command, 'unpack', ...args])
  if (status !== 0) throw new EngineSetUpError(`${file} cannot be unpacked:\n${stderr}`)
  chmodSync(`${program}.partial`, 0o755)
  renameSync(`${program}.partial`, program)
  // Written last, so that a program without it is incomplete.
  writeFileSync(`${program}.json`, `${JSON.stringify({ file, digest: toDigest(program) }, undefined, 2)}\n`)
  return program
}

/**
 * Returns the path of the program if the cache has it.
 *
 * @param {DebianProgram} source
 * @returns {string | undefined}
 */
export function findProgram(source) {
  const program = toPath(source)
  try {
    const { digest } = JSON.parse(readFileSync(`${program}.json`, 'utf8'))
    return digest === toDigest(program) ? program : undefined
  } catch {
    return undefined
  }
}

/** @param {DebianProgram} source */
function toPath({ directory, packageName }) {
  return join(cacheDirectory, directory, packageName)
}

/** @param {string} program */
function toDigest(program) {
  return createHash('sha256').update(readFileSync(program)).digest('hex')
}
