import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { downloadPackages } from './debian-archive.mjs'
import { cacheDirectory, listUsedRoots } from './matrix-files.mjs'
import { toTreeDigest } from './tree-digest.mjs'

/**
 * Resolves with the root folder of a suite with the engines' programs. It is made once and kept in the cache with its digest; a
 * root without its digest is made again. The folder is only read afterwards. Its name contains the recipe, so that checkouts
 * with different recipes do not replace the root of a running engine.
 *
 * @param {string} suite
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError}
 */
export async function prepareSuiteRoot(suite, say) {
  const directory = join(cacheDirectory, suite)
  const root = join(directory, `root-${toRecipe()}`)
  const obstacle = findObstacle(root)
  if (obstacle === undefined) return root
  if (listUsedRoots().includes(root)) throw new EngineSetUpError(`${obstacle}, and an engine uses it: stop all engines`)
  say(`${obstacle}: making it from Debian's packages`)
  rmSync(`${root}.json`, { force: true })
  const packages = await downloadPackages(suite, packageNames, { directory })
  removeUnusedRoots(directory)
  say(`Unpacking ${packages.length} packages to ${root}`)
  const partial = `${root}.partial`
  unpack(
    packages.map(({ file }) => join(directory, 'archives', file)),
    partial,
  )
  renameSync(partial, root)
  // Written last, so that a root without it is incomplete.
  writeFileSync(`${root}.json`, `${JSON.stringify({ packages, digest: toTreeDigest(root) }, undefined, 2)}\n`)
  return root
}

/**
 * @param {string} root
 * @returns {string | undefined} why the cached root cannot be used
 */
function findObstacle(root) {
  try {
    const { digest } = JSON.parse(readFileSync(`${root}.json`, 'utf8'))
    return digest === toTreeDigest(root) ? undefined : `The cached ${root} was changed`
  } catch {
    return `There is no complete ${root}`
  }
}

/**
 * Removes the roots of other recipes and incomplete ones.
 *
 * @param {string} directory
 */
function removeUnusedRoots(directory) {
  const used = listUsedRoots()
  for (const name of readdirSync(directory).filter((name) => name.startsWith('root-'))) {
    const path = join(directory, name)
    if (!used.some((root) => path === root || path === `${root}.json`)) rmSync(path, { recursive: true, force: true })
  }
}

/**
 * Unpacks packages without their scripts, so that no program of the root runs, and adds the few files that the scripts would
 * create.
 *
 * @param {readonly string[]} files
 * @param {string} root
 */
function unpack(files, root) {
  for (const name of mergedFolders) {
    mkdirSync(join(root, 'usr', name), { recursive: true })
    symlinkSync(join('usr', name), join(root, name))
  }
  for (const file of files) {
    const command = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2" "$3" "$4" "$5"'
    const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command, 'unpack', file, root, ...excluded])
    if (status !== 0) throw new EngineSetUpError(`${file} cannot be unpacked:\n${stderr}`)
  }
  for (const [path, content] of addedFiles) writeFileSync(join(root, path), content)
}

/** Returns a digest of what is in a root, apart from the versions of the packages. */
function toRecipe() {
  const parts = JSON.stringify([packageNames, mergedFolders, excluded, addedFiles])
  return createHash('sha256').update(parts).digest('hex').slice(0, 12)
}

const packageNames = [
  ...['docker.io', 'containerd', 'runc', 'iptables'],
  ...['podman', 'netavark', 'aardvark-dns', 'catatonit', 'conmon', 'nftables'],
  // Programs that the engines run, and those of the script that starts them.
  ...['base-files', 'coreutils', 'dash', 'sed', 'mount', 'util-linux', 'kmod', 'procps', 'xz-utils', 'gzip', 'tar'],
  'ca-certificates',
]

/** Folders that were merged into /usr, to which packages of bookworm still have both paths. */
const mergedFolders = ['bin', 'sbin', 'lib', 'lib64']

const excluded = ['doc', 'man', 'locale'].map((name) => `--exclude=./usr/share/${name}`)

/** @type {readonly (readonly [path: string, content: string])[]} */
const addedFiles = [
  ['etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'],
  ['etc/group', 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n'],
]
