import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { isMain } from '../is-main.mjs'
import { runTool } from '../run-tool.mjs'
import { downloadPackages } from './debian-archive.mjs'
import { cacheDirectory } from './matrix-files.mjs'

/**
 * Resolves with the path of docker's program for builds by BuildKit, which is `docker build` when it is run with `build`. It is
 * taken from Debian's package once, and kept in the cache with its digest; with another digest it is made again.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError}
 */
export async function prepareBuildx(say) {
  const found = findBuildx()
  if (found !== undefined) return found
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
  writeFileSync(`${program}.json`, `${JSON.stringify({ file, digest: toDigest() }, undefined, 2)}\n`)
  return program
}

/**
 * Returns the path of the program if the cache has it.
 *
 * @returns {string | undefined}
 */
export function findBuildx() {
  try {
    const { digest } = JSON.parse(readFileSync(`${program}.json`, 'utf8'))
    return digest === toDigest() ? program : undefined
  } catch {
    return undefined
  }
}

function toDigest() {
  return createHash('sha256').update(readFileSync(program)).digest('hex')
}

async function up() {
  console.log(await prepareBuildx(console.log))
  return 0
}

const suite = 'forky'
const packageName = 'docker-buildx'
const pathInPackage = './usr/libexec/docker/cli-plugins/docker-buildx'
const directory = join(cacheDirectory, 'docker-buildx')
const program = join(directory, 'docker-buildx')

// The command line: `node tools/engines/docker-buildx.mjs up`.
if (isMain(import.meta.url)) await runTool('tools/engines/docker-buildx.mjs', { up }, EngineSetUpError)
