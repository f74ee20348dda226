// @ts-check
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, open } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createHostError, createProcessFacts } from '@capstan/core/plugin'

export const chroot = '/usr/sbin/chroot'

/**
 * Starts the program of a container in a session of its own. Its outputs are the log file, so that it can outlive this
 * process, or with `isAttached` pipes.
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
  child.once('exit', () => killProcess(-Number(child.pid), 'SIGKILL')) // the whole process group
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
  // Without a listener Node drops the output of a process that ends before it is read.
  for (const pipe of [child.stdout, child.stderr]) pipe?.on('readable', () => {})
  await Promise.all([once(child, 'spawn'), file.close()])
  child.unref()
  const pid = Number(child.pid)
  const processStart = await createProcessFacts().readStart(pid)
  return { output: child, ended, run: { pid, processStart, startedAt: new Date().toISOString() } }
}

/**
 * An image has no configuration: the default command is a shell.
 *
 * @param {import('./container-store.mjs').Container['config']} config
 */
export function toCommand({ entrypoint = [], command = [] }) {
  return entrypoint.length + command.length === 0 ? ['/bin/sh'] : [...entrypoint, ...command]
}

/**
 * Sends a signal to a process, or to the process group of a negative number. A process that has ended is no failure.
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
 * 127: the image lacks the command. 126: it may not be executed. The exit code of `chroot` would not tell this from a
 * program that exits with 126 or 127.
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
