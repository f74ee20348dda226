import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findTemporaryDirectory } from '@capstan/core/plugin'

/**
 * Returns a function that starts `podman system service` on a socket that other users cannot access.
 *
 * The service stops when it is disposed of or when this process ends, even by SIGKILL. Its containers continue to run.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {import('@capstan/runtime-docker/compatible').OnDemandAddress['start']}
 */
export function servePodman(env) {
  return async ({ signal }) => {
    const directory = await mkdtemp(join(findTemporaryDirectory(env), 'capstan-podman-'))
    const path = join(directory, 'podman.sock')
    const service = startService(env, directory)
    const end = async () => {
      service.stdin.destroy()
      await service.ended
      await rm(directory, { recursive: true, force: true })
    }
    try {
      while (!(await listens(path))) {
        signal.throwIfAborted()
        if (service.hasEnded()) throw new Error(`podman system service has ended: ${service.output()}`)
        await delay(20)
      }
    } catch (error) {
      await end()
      throw error
    }
    return { address: { type: 'socket', path }, [Symbol.asyncDispose]: end }
  }
}

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} directory
 */
function startService(env, directory) {
  // Ctrl-C must not stop the service, because this process may still need it to undo operations. So it has its own session.
  const argv = ['-c', script, 'sh', directory]
  const child = spawn('/bin/sh', argv, { env: { ...env }, detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-1000)
  })
  const ended = once(child, 'close')
  return { stdin: child.stdin, ended, hasEnded: () => child.exitCode !== null, output: () => output.trim() }
}

/** @param {string} path */
async function listens(path) {
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

/** Stops the service and removes its directory when stdin ends. The kernel closes stdin when this process ends. */
const script = `
exec 3<&0
podman system service --time 0 "unix://$1/podman.sock" & service=$!
{ read -r line <&3; kill "$service"; } 2>/dev/null & watch=$!
wait "$service"; code=$?
kill "$watch" 2>/dev/null
rm -rf -- "$1"
exit "$code"`
