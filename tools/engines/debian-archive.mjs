import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { runProgram } from '../run-program.mjs'

/**
 * A package of the archive: the name of its file and the SHA-256 of the signed index.
 *
 * @typedef {{ readonly file: string, readonly sha256: string }} DebianPackage
 */

/**
 * Downloads packages of a suite with all that they depend on to `directory/archives`, by an apt-get that neither reads nor
 * changes what is installed on this machine. apt verifies the signature of the suite and the hash of each file. A file that
 * is already there with that hash is not downloaded again.
 *
 * @param {string} suite
 * @param {readonly string[]} names
 * @param {{ readonly directory: string }} options
 * @returns {Promise<readonly DebianPackage[]>}
 * @throws {EngineSetUpError}
 */
export async function downloadPackages(suite, names, { directory }) {
  const archives = join(directory, 'archives')
  for (const path of ['lists/partial', 'archives/partial', 'none/partial']) {
    mkdirSync(join(directory, path), { recursive: true })
  }
  writeFileSync(join(directory, 'sources.list'), toSource(suite, await findMirror()))
  writeFileSync(join(directory, 'status'), '')
  const { output } = await run('apt-config', ['dump'])
  writeFileSync(join(directory, 'apt.conf'), toAptConfig(directory, output))
  const apt = (/** @type {readonly string[]} */ args) => run('apt-get', ['-q', '--yes', ...args], directory)
  await apt(['update'])
  // An empty archive, because the files that are already there are not printed.
  const empty = ['-o', `Dir::Cache::archives=${join(directory, 'none')}`]
  const packages = parseUris((await apt([...empty, '--print-uris', 'install', ...names])).output)
  // apt keeps a file of the right size without a look at its hash.
  for (const { file, sha256 } of packages) {
    if (!hasHash(join(archives, file), sha256)) rmSync(join(archives, file), { force: true })
  }
  await apt(['--download-only', 'install', ...names])
  await apt(['autoclean'])
  const wrong = packages.find(({ file, sha256 }) => !hasHash(join(archives, file), sha256))
  if (wrong)
    throw new EngineSetUpError(`${join(archives, wrong.file)} is missing or has another hash than in the index`)
  return packages
}

/** Returns the archive of Debian that this machine's apt uses. Its origin is known after an update. */
async function findMirror() {
  const mirror = await readMirror()
  if (mirror !== undefined) return mirror
  await run('apt-get', ['-q', 'update'])
  const updated = await readMirror()
  if (updated === undefined) throw new EngineSetUpError("this machine's apt has no archive of Debian: try on Debian")
  return updated
}

async function readMirror() {
  const format = ['--format', '$(ORIGIN) $(RELEASE) $(REPO_URI)', 'Created-By: Packages']
  return parseMirror((await run('apt-get', ['indextargets', ...format])).output)
}

/**
 * Returns the first archive of Debian that is neither of updates nor of security fixes.
 *
 * @param {string} output lines of origin, release and address
 */
export function parseMirror(output) {
  return /^Debian [a-z]+ (\S+)$/m.exec(output)?.[1]
}

/**
 * @param {string} suite
 * @param {string} mirror
 */
function toSource(suite, mirror) {
  return `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${suite} main\n`
}

/**
 * Returns a configuration of apt with separate folders, and with the machine's settings of downloads, such as a proxy.
 *
 * @param {string} directory
 * @param {string} machine the output of `apt-config dump`
 */
export function toAptConfig(directory, machine) {
  const acquire = machine.split('\n').filter((line) => /^Acquire::(?!IndexTargets)/.test(line))
  const none = ['main', 'parts', 'sourceparts', 'preferences', 'preferencesparts', 'trusted', 'trustedparts']
  return [
    ...acquire,
    ...none.map((name) => `Dir::Etc::${name} "/dev/null";`),
    `Dir::Etc::sourcelist "${directory}/sources.list";`,
    `Dir::State::lists "${directory}/lists";`,
    `Dir::State::status "${directory}/status";`,
    `Dir::State::extended_states "${directory}/extended-states";`,
    `Dir::Cache::archives "${directory}/archives";`,
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
    'APT::Install-Recommends "false";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::ForceHash "SHA256";',
    // The index of a suite in testing expires after a week, and a mirror or a clock may be late.
    'Acquire::Check-Valid-Until "false";',
    '',
  ].join('\n')
}

/**
 * Reads the output of `apt-get --print-uris`.
 *
 * @param {string} output
 * @returns {readonly DebianPackage[]}
 */
export function parseUris(output) {
  return [...output.matchAll(/^'\S+' (\S+\.deb) \d+ SHA256:([0-9a-f]{64})$/gm)].map(([, file = '', sha256 = '']) => {
    return { file, sha256 }
  })
}

/**
 * @param {string} path
 * @param {string} sha256
 * @returns {boolean} false also when there is no such file
 */
function hasHash(path, sha256) {
  return existsSync(path) && createHash('sha256').update(readFileSync(path)).digest('hex') === sha256
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} [directory] of a configuration
 */
async function run(program, args, directory) {
  const env = { ...process.env, LC_ALL: 'C', ...(directory && { APT_CONFIG: join(directory, 'apt.conf') }) }
  const result = await runProgram(program, args, { env })
  if (result.code === 0) return result
  const advice = 'If the archive of Debian is not in reach, try again when it is'
  throw new EngineSetUpError(
    `${program} ${args.join(' ')} ended with ${result.code}:\n${result.output.trimEnd()}\n${advice}`,
  )
}
