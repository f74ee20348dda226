import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { endWithThisProcess } from './end-with-this-process.mjs'
import { findFreePort, isListening } from './local-ports.mjs'

/** Where Debian's package has the program. */
export const sshServerProgram = '/usr/sbin/sshd'

/** Whether this machine has the program. */
export const hasSshServer = existsSync(sshServerProgram)

/**
 * The ssh server of this machine, with keys of its own.
 *
 * @typedef {object} SshServer
 * @property {string} address `USER@ADDRESS:PORT`
 * @property {Readonly<Record<string, string>>} env the environment in which `ssh` logs in to the server
 * @property {(socketPath: string) => Readonly<Record<string, string>>} toEngineEnv returns the environment in which clients reach the
 *   engine at a socket through the server
 * @property {string} temporaryDirectory the directory of temporary files in `env`
 * @property {(lines: readonly string[]) => Readonly<Record<string, string>>} configure returns an environment whose configuration
 *   of ssh is changed
 * @property {() => void} cutConnections ends all connections; the server continues to listen
 * @property {() => readonly number[]} listConnections the processes of the server's connections
 * @property {() => readonly number[]} listClients the processes that were started with the environment of this server, or of
 *   `configure`: ssh and what guards it
 * @property {() => Promise<void>} close ends the server and removes its files
 */

/**
 * Starts the server with these lines in its configuration. It ends with this process.
 *
 * @param {readonly string[]} [lines]
 * @param {{ readonly address?: string }} [options] `address` is that of this machine on which it listens; default: 127.0.0.1
 * @returns {Promise<SshServer>}
 */
export async function startSshServer(lines = [], { address = '127.0.0.1' } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'capstan-test-ssh-'))
  /** @param {string} name */
  const path = (name) => join(directory, name)
  for (const name of ['host-key', 'key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)])
  }
  const port = await findFreePort(address)
  writeFileSync(
    path('sshd_config'),
    [
      ...[`ListenAddress ${address}`, `Port ${port}`, `HostKey ${path('host-key')}`, 'PidFile none', 'StrictModes no'],
      ...[`AuthorizedKeysFile ${path('key.pub')}`, 'PermitRootLogin yes', 'PasswordAuthentication no', 'UsePAM no'],
      ...lines,
      '',
    ].join('\n'),
  )
  // The server of root requires this directory, which the package creates only at the start of its service.
  if (userInfo().uid === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const program = spawn(sshServerProgram, ['-D', '-e', '-f', path('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const cancelEnd = endWithThisProcess(program.pid ?? 0, directory)
  let log = ''
  program.stderr.on('data', (chunk) => {
    log += chunk.toString()
  })
  while (!(await isListening(port, address))) {
    if (program.exitCode !== null) throw new Error(`sshd has ended: ${log}`)
    await delay(10)
  }
  writeFileSync(path('known_hosts'), `[${address}]:${port} ${readFileSync(path('host-key.pub'), 'utf8')}`)
  mkdirSync(path('tmp'))
  /** @param {readonly string[]} changed */
  const configure = (changed) => {
    const bin = mkdtempSync(path('bin-'))
    // The first value of a setting counts.
    const config = [...changed, `IdentityFile ${path('key')}`, `UserKnownHostsFile ${path('known_hosts')}`]
    const strict = ['IdentitiesOnly yes', 'StrictHostKeyChecking yes', 'GlobalKnownHostsFile /dev/null', '']
    writeFileSync(join(bin, 'config'), [...config, ...strict].join('\n'))
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${join(bin, 'config')} "$@"\n`)
    chmodSync(join(bin, 'ssh'), 0o755)
    return { PATH: `${bin}:${process.env.PATH}`, HOME: directory, TMPDIR: path('tmp') }
  }
  const listConnections = () => listDescendants(program.pid ?? 0)
  const cutConnections = () => {
    for (const pid of listConnections()) kill(pid)
  }
  const env = configure([])
  const server = `${userInfo().username}@${address}:${port}`
  return {
    address: server,
    env,
    toEngineEnv: (socketPath) => ({ ...env, DOCKER_HOST: `ssh://${server}${socketPath}` }),
    temporaryDirectory: path('tmp'),
    configure,
    cutConnections,
    listConnections,
    listClients: () => listByEnvironment(`TMPDIR=${path('tmp')}`),
    async close() {
      cutConnections()
      program.kill()
      await once(program, 'close')
      cancelEnd()
      rmSync(directory, { recursive: true })
    },
  }
}

/**
 * Lists the processes that a process has started, directly or not.
 *
 * @param {number} pid
 * @returns {readonly number[]}
 */
function listDescendants(pid) {
  const children = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n')
  const direct = children.flatMap((line) => {
    const [child = 0, parent] = line.trim().split(/\s+/).map(Number)
    return parent === pid ? [child] : []
  })
  return direct.flatMap((child) => [child, ...listDescendants(child)])
}

/**
 * Lists the processes of this machine with a variable in their environment.
 *
 * @param {string} variable
 */
function listByEnvironment(variable) {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids.filter((pid) => readEnvironment(pid).includes(variable)).map(Number)
}

/**
 * @param {string} pid
 * @returns {readonly string[]}
 */
function readEnvironment(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return [] // it has ended, or belongs to another user
  }
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid)
  } catch {
    // It has ended.
  }
}
