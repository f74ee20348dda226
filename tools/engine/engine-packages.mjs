import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { runProgram } from '../run-program.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'

/** Where an engine's programs lie, whatever PATH this process has been given. */
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
 * Installs from Debian's or Ubuntu's own archive what an engine needs and is not there: the engine, iptables, and a
 * static busybox for the images of the tests. Does nothing where all of it is there.
 *
 * @param {(line: string) => void} say
 */
export function installEnginePackages(say) {
  return installPackages(enginePackages, say)
}

/**
 * Installs those packages of Debian's or Ubuntu's own archive whose program is not there: a name, or an absolute path.
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

// Another apt-get may be at work on a machine that has just booted; and a mirror that is silent must not hang us.
const aptOptions = ['DPkg::Lock::Timeout=180', 'Acquire::Retries=3', 'Acquire::http::Timeout=30'].flatMap((o) => [
  '-o',
  o,
])

// Configuration files that the user changed stay as they are, without a question.
const dpkgOptions = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']
