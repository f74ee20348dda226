import { once } from 'node:events'
import net from 'node:net'

/** @typedef {{ readonly name?: string, readonly timeoutMs?: number, readonly onWait?: () => void }} LockOptions */

/**
 * Runs `work` under a lock, so that only one process on this machine starts or stops an engine. Waits for the lock up to
 * `timeoutMs` (default: ten minutes, because the holder may be installing packages). The lock is a listening socket in
 * Linux's abstract namespace: the kernel releases it when its holder exits in any way, and the connection of a waiter then
 * closes, so no polling is needed and no lock becomes stale.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {LockOptions} [options]
 * @returns {Promise<T>}
 */
export async function withEngineLock(work, options) {
  const lock = await takeLock(options)
  try {
    return await work()
  } finally {
    lock.release()
  }
}

/** @param {LockOptions} [options] */
async function takeLock({ name = '\0capstan-engine', timeoutMs = 600_000, onWait } = {}) {
  const signal = AbortSignal.timeout(timeoutMs)
  for (let waits = 0; !signal.aborted; waits++) {
    const lock = await tryLock(name)
    if (lock) return lock
    if (waits === 0) onWait?.()
    await waitForRelease(name, signal)
  }
  throw new Error('another process holds the lock of the engine set-up and does not end')
}

/**
 * @param {string} name
 * @returns {Promise<{ release(): void } | undefined>} nothing where another holds it
 */
async function tryLock(name) {
  /** @type {Set<net.Socket>} */
  const waiting = new Set()
  const server = net.createServer((socket) => {
    waiting.add(socket)
    socket.on('error', () => {}).on('close', () => waiting.delete(socket))
  })
  server.listen(name)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  return {
    release() {
      server.close()
      for (const socket of waiting) socket.destroy()
    },
  }
}

/**
 * @param {string} name
 * @param {AbortSignal} signal
 */
async function waitForRelease(name, signal) {
  const socket = net.connect({ path: name, signal })
  socket.on('error', () => {}).resume()
  await new Promise((resolve) => socket.on('close', resolve))
}
