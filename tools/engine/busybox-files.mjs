import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseElf } from './elf.mjs'
import { findProgram } from './engine-packages.mjs'

/**
 * Returns the files of a small system: a static busybox, a link for each of its commands, and the files that programs
 * expect. Returns the reason when this machine has no busybox that runs on the engine.
 *
 * @param {string} architecture of the engine, in Docker's words or Go's
 * @returns {readonly import('./tar-archive.mjs').TarEntry[] | string}
 */
export function readBusyboxFiles(architecture) {
  const program = findProgram('busybox')
  if (!program) return 'no busybox on this machine (on Debian: apt-get install busybox-static)'
  const content = readFileSync(program)
  const elf = parseElf(content)
  if (!elf?.isStatic) return `${program} is not static (on Debian: apt-get install busybox-static)`
  const wanted = toKernelName(architecture)
  if (elf.architecture !== wanted) return `${program} is for ${elf.architecture}, the engine for ${wanted}`
  const commands = execFileSync(program, ['--list-full'], { encoding: 'utf8' }).trim().split('\n')
  return [...directories, { path: busyboxPath, mode: 0o755, content }, ...accounts, ...commands.flatMap(toLink)]
}

/**
 * Docker names an architecture as the kernel does, Podman as Go does.
 *
 * @param {string} architecture
 */
function toKernelName(architecture) {
  return { amd64: 'x86_64', arm64: 'aarch64' }[architecture] ?? architecture
}

/**
 * @param {string} path
 * @returns {readonly import('./tar-archive.mjs').TarEntry[]}
 */
function toLink(path) {
  return path === busyboxPath ? [] : [{ path, link: `/${busyboxPath}` }]
}

const busyboxPath = 'bin/busybox'

/** @type {readonly import('./tar-archive.mjs').TarEntry[]} */
const directories = [
  ...[
    'bin',
    'sbin',
    'usr',
    'usr/bin',
    'usr/sbin',
    'etc',
    'dev',
    'proc',
    'sys',
    'run',
    'var',
    'home',
    'home/capstan',
  ].map((path) => /** @type {const} */ ({ path, directory: true })),
  { path: 'root', directory: true, mode: 0o700 },
  { path: 'tmp', directory: true, mode: 0o1777 },
]

/** @type {readonly import('./tar-archive.mjs').TarEntry[]} */
const accounts = [
  {
    path: 'etc/passwd',
    content: Buffer.from(
      [
        'root:x:0:0:root:/root:/bin/sh',
        'capstan:x:1000:1000:capstan:/home/capstan:/bin/sh',
        'nobody:x:65534:65534:nobody:/:/bin/false',
        '',
      ].join('\n'),
    ),
  },
  { path: 'etc/group', content: Buffer.from('root:x:0:\ncapstan:x:1000:\nnogroup:x:65534:\n') },
]
