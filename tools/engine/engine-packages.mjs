import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { runProgram } from '../run-program.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'

/** The folders of an engine's programs, independent of the PATH of this process. */
export const programPath = [
  ...new Set([
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
  ]),
  ...['/sbin', '/bin'],
]
  .filter(Boolean)
  .join(delimiter)

/**
 * Finds a program as a shell would, in {@link programPath}.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function findProgram(name) {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined
  return programPath
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find(isExecutable)
}

/**
 * Installs the missing packages of an engine from the archive of Debian or Ubuntu: the engine, iptables, and a static
 * busybox for the test images. Does nothing when all are installed.
 *
 * @param {(line: string) => void} say
 */
export function installEnginePackages(say) {
  return installPackages(enginePackages, say)
}

/**
 * Installs packages of the archive of Debian or Ubuntu whose program is missing. A program is a name or an absolute path.
 *
 * @param {readonly { readonly name: string, readonly program: string }[]} packages
 * @param {(line: string) => void} say
 */
export async function installPackages(packages, say) {
  const missing = packages.filter(({ program }) => !findProgram(program)).map(({ name }) => name)
  if (missing.length === 0) return
  say(`Installing ${missing.join(', ')} with apt-get`)
  const updated = await runAptGet(['update'])
  const installed = await runAptGet(['install', '--yes', '--no-install-recommends', ...dpkgOptions, ...missing])
  if (installed.code === 0) return
  const output = [updated, installed].filter(({ code }) => code !== 0).map((run) => run.output)
  throw new EngineSetUpError(`apt-get could not install ${missing.join(', ')}:\n${output.join('\n').trimEnd()}`)
}

/** @param {readonly string[]} args */
function runAptGet(args) {
  return runProgram('apt-get', ['-q', ...aptOptions, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const enginePackages = [
  { name: 'docker.io', program: 'dockerd' },
  { name: 'iptables', program: 'iptables' },
  { name: 'busybox-static', program: 'busybox' },
]

// Another apt-get may be running after a boot, and a mirror that does not answer must not block this process.
const aptOptions = ['DPkg::Lock::Timeout=180', 'Acquire::Retries=3', 'Acquire::http::Timeout=30'].flatMap((o) => [
  '-o',
  o,
])

// Keeps configuration files that the user has changed, without a prompt.
const dpkgOptions = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']
