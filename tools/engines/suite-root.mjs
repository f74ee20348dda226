import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { downloadPackages } from './debian-archive.mjs'
import { cacheDirectory } from './matrix-files.mjs'
import { toTreeDigest } from './tree-digest.mjs'

/**
 * Resolves with the root folder of a suite with the engines' programs. It is made once and kept in the cache with its digest;
 * a root that does not have its digest, or was made from other packages, is made again. The folder is only read afterwards.
 *
 * @param {string} suite
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {EngineSetUpError}
 */
export async function prepareSuiteRoot(suite, say) {
  const directory = join(cacheDirectory, suite)
  const root = join(directory, 'root')
  const stamp = join(directory, 'root.json')
  const obstacle = findObstacle(stamp, root)
  if (obstacle === undefined) return root
  say(`${obstacle}: making it from Debian's packages`)
  rmSync(stamp, { force: true })
  const packages = await downloadPackages(suite, packageNames, { directory })
  say(`Unpacking ${packages.length} packages to ${root}`)
  const partial = join(directory, 'root.partial')
  rmSync(partial, { recursive: true, force: true })
  unpack(
    packages.map(({ file }) => join(directory, 'archives', file)),
    partial,
  )
  rmSync(root, { recursive: true, force: true })
  renameSync(partial, root)
  const made = { recipe: toRecipe(), packages, digest: toTreeDigest(root) }
  // Written last, so that a root without it is incomplete.
  writeFileSync(stamp, `${JSON.stringify(made, undefined, 2)}\n`)
  return root
}

/**
 * @param {string} stamp
 * @param {string} root
 * @returns {string | undefined} why the cached root cannot be used
 */
function findObstacle(stamp, root) {
  try {
    const { recipe, digest } = JSON.parse(readFileSync(stamp, 'utf8'))
    if (recipe !== toRecipe()) return `The cached ${root} has another recipe`
    return digest === toTreeDigest(root) ? undefined : `The cached ${root} was changed`
  } catch {
    return `There is no complete ${root}`
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

/** What makes a root: its digest alone would not tell that the list of packages has changed. */
function toRecipe() {
  return JSON.stringify([packageNames, mergedFolders, excluded, addedFiles])
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
