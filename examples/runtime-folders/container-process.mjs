// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, open } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createHostError, createProcessReader } from '@capstan/core/plugin'

export const chroot = '/usr/sbin/chroot'

/**
 * Starts the program of a container in its own session. Its output goes to the log file, so that it can run longer than this
 * process, or with `isAttached` to pipes.
 *
 * @param {import('./container-store.mjs').Container} container
 * @param {{ readonly isAttached: boolean }} options
 */
export async function startProcess({ id, rootfs, log, config: { env, ...config } }, { isAttached }) {
  const command = toCommand(config)
  const variables = Object.entries({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env })
  const given = Object.fromEntries(variables.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
  const exitCode = await findStartFailure(rootfs, command, given.PATH)
  if (exitCode !== undefined) throw createHostError('COMMAND_NOT_STARTED', { id, command, exitCode })
  const file = await open(log, 'a')
  const output = isAttached ? 'pipe' : file.fd
  /** @type {import('node:child_process').SpawnOptions} */
  const options = { env: given, detached: true, stdio: ['ignore', output, output] }
  const child = spawn(chroot, [rootfs, ...command], options)
  // A negative number is the whole process group, so that processes which the program started end with it.
  child.once('exit', () => killProcess(-Number(child.pid), 'SIGKILL'))
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
  // Without a listener Node drops the output of a process that ends before it is read.
  for (const pipe of [child.stdout, child.stderr]) pipe?.on('readable', () => {})
  await Promise.all([once(child, 'spawn'), file.close()])
  child.unref()
  const pid = Number(child.pid)
  const processStart = await createProcessReader().readStart(pid)
  return { output: child, ended, run: { pid, processStart, startedAt: new Date().toISOString() } }
}

/**
 * Returns the command line of a container. The default is a shell, because images have no configuration.
 *
 * @param {import('./container-store.mjs').Container['config']} config
 */
export function toCommand({ entrypoint = [], command = [] }) {
  return entrypoint.length + command.length === 0 ? ['/bin/sh'] : [...entrypoint, ...command]
}

/**
 * Sends a signal to a process, or to the process group of a negative number. Does nothing when the process has ended.
 *
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
export function killProcess(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/**
 * Resolves with 127 when the image does not have the command, with 126 when it is not executable, and with `undefined`
 * otherwise. The exit code of `chroot` does not distinguish this from a program that exits with 126 or 127.
 *
 * @param {string} rootfs
 * @param {readonly string[]} command
 * @param {string} [searchPath]
 */
async function findStartFailure(rootfs, [program = ''], searchPath = '') {
  const paths = program.includes('/') ? [program] : searchPath.split(':').map((folder) => join(folder, program))
  const found = await Promise.all(paths.map((path) => lstat(join(rootfs, path)).catch(() => undefined)))
  const isExecutable = found.some((file) => file?.isSymbolicLink() || (file?.isFile() && file.mode & 0o111))
  return isExecutable ? undefined : found.some((file) => file !== undefined) ? 126 : 127
}
