import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { delay, type Environment, findTemporaryDirectory, untilAborted } from '@capstan/core/plugin'
import type { EngineService } from '../engine/docker-endpoint.js'
import { type GuardedProgram, runGuarded } from './run-guarded.js'
import { serveDialStdio } from './serve-dial-stdio.js'
import { isDropped, SshError, toSshError } from './ssh-error.js'
import { type SshTarget, toSshArguments, toSshText } from './ssh-target.js'

/**
 * Connects to an engine on another machine by the `ssh` of this one. Resolves with a socket on this machine, in a directory that
 * other users cannot access.
 *
 * One ssh forwards all connections to the socket of the engine. Where nothing answers there, because the server does not allow it or
 * the engine has another socket, each connection runs `docker system dial-stdio` there by an ssh of its own. They end when the service
 * is disposed of, and when this process ends in any way.
 *
 * @throws SshError
 */
export async function startSshService(target: SshTarget, options: SshServiceOptions): Promise<EngineService> {
  if (process.platform === 'win32') throw createPlatformError()
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await forward(target, options)) ?? (await dial(target, options))
    } catch (error) {
      options.signal.throwIfAborted()
      if (!isDropped(error) || attempt === attempts) throw error
      await delay(attempt * retryMs, { signal: options.signal })
    }
  }
}

export interface SshServiceOptions {
  /** The environment of ssh. */
  readonly env: Environment
  readonly signal: AbortSignal
}

/**
 * Forwards a socket. Resolves with `undefined` where nothing answers: the server's reply does not distinguish forwarding that is
 * not allowed from a socket that does not exist.
 */
async function forward(target: SshTarget, { env, signal }: SshServiceOptions): Promise<EngineService | undefined> {
  const directory = await createDirectory(env)
  const path = join(directory, socketName)
  const remote = target.socketPath ?? '/var/run/docker.sock'
  const options = ['-N', '-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindMask=0177', '-L', `${path}:${remote}`]
  const ssh = runGuarded(['ssh', ...toSshArguments(target, options)], { env, directory })
  try {
    await untilAborted(untilListening(ssh, path, target), signal)
    if (await untilAborted(answers(path), signal)) return toService(path, () => ssh.stop())
    await ssh.stop()
    return undefined
  } catch (error) {
    await ssh.stop()
    throw error
  }
}

/** Runs an ssh for each connection. */
async function dial(target: SshTarget, { env, signal }: SshServiceOptions): Promise<EngineService> {
  const directory = await createDirectory(env)
  const path = join(directory, socketName)
  const guard = runGuarded(['tail', '-f', '/dev/null'], { env, directory })
  const server = await serveDialStdio(path, { target, env })
  const stop = async () => {
    await server[Symbol.asyncDispose]()
    await guard.stop()
  }
  try {
    if (await untilAborted(answers(path), signal)) return toService(path, stop)
    const { stderr, exitCode } = await untilAborted(server.firstEnd, signal)
    // ssh also exits with 255 when it is ended before it reads the exit code of the program there.
    const error = exitCode === 255 ? toSshError(stderr, { host: toSshText(target), exitCode }) : undefined
    throw error === undefined || error.code === 'SSH_FAILED' ? createDialError(stderr.trim(), target) : error
  } catch (error) {
    await stop()
    throw error
  }
}

function toService(path: string, stop: () => Promise<void>): EngineService {
  return { address: { type: 'socket', path }, [Symbol.asyncDispose]: stop }
}

function createDirectory(env: Environment): Promise<string> {
  return mkdtemp(join(findTemporaryDirectory(env), 'capstan-ssh-'))
}

/** Resolves when ssh is connected and listens at the path. */
async function untilListening(ssh: GuardedProgram, path: string, target: SshTarget): Promise<void> {
  let exitCode: number | null | undefined
  ssh.ended.then((code) => {
    exitCode = code
  })
  while (!(await isListening(path))) {
    if (exitCode !== undefined) throw toSshError(ssh.stderr(), { host: toSshText(target), exitCode })
    await delay(pollMs)
  }
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** Whether anything answers a ping. ssh closes a connection that it cannot forward. */
async function answers(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    socket.write('GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n')
    return await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true))
      socket.once('close', () => resolve(false)).once('error', () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}

function createDialError(output: string, { host, socketPath }: SshTarget): SshError {
  const place = socketPath === undefined ? host : `${socketPath} of ${host}`
  const message = `no engine answers at ${place}, neither by forwarding nor by docker there: ${output || 'no output'}`
  const remedy = 'start the engine there, or name the path of its socket: ssh://HOST/PATH'
  return new SshError({ code: 'SSH_SOCKET', message, remedy })
}

function createPlatformError(): SshError {
  const remedy = 'forward the port of the engine by hand, and name it as tcp://127.0.0.1:PORT'
  return new SshError({ code: 'SSH_PLATFORM', message: 'engines over ssh are not supported on Windows', remedy })
}

const socketName = 'engine.sock'
const attempts = 8
const retryMs = 200
const pollMs = 20
