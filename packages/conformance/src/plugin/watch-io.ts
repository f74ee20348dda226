import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** The I/O that a function caused. */
export interface WatchedIo {
  /** The kinds of I/O that were started, each once, by Node's names: `TCPWRAP`, `readFileSync`. */
  readonly started: readonly string[]
  /** The kinds of the handles that are still open. */
  readonly open: readonly string[]
}

/**
 * Runs the function and records its I/O, and until `stop` the asynchronous I/O of the work that it starts. Synchronous calls
 * are recorded only while the function itself runs. I/O of concurrent work is not recorded. `read` returns the I/O so far.
 */
export function watchIo<T>(work: () => T): WatchedCall<T> {
  const started = new Set<string>()
  const open = new Map<number, string>()
  const inWork = new AsyncLocalStorage<true>()
  const hook = createHook({
    init(id, type) {
      if (inWork.getStore() !== true || !isIo(type)) return
      started.add(type)
      if (isHandle(type)) open.set(id, type)
    },
    destroy: (id) => void open.delete(id),
  }).enable()
  const unpatch = patchSynchronous(started)
  const stop = () => {
    hook.disable()
    // Until it is disabled, a used `AsyncLocalStorage` slows down every promise of the process.
    inWork.disable()
  }
  try {
    const result = inWork.run(true, work)
    const read = () => ({ started: [...started], open: [...open.values()] })
    return { result, read, stop }
  } catch (error) {
    stop()
    throw error
  } finally {
    unpatch()
  }
}

/** A call that `watchIo` watches. */
export interface WatchedCall<T> {
  readonly result: T
  readonly read: () => WatchedIo
  readonly stop: () => void
}

/** The types are those of https://nodejs.org/api/async_hooks.html#type. Timers, promises and ticks are no I/O. */
function isIo(type: string): boolean {
  return /WRAP$|^FS|^FILEHANDLE|^HTTP|^WORKER/.test(type) && type !== 'SHUTDOWNWRAP'
}

function isHandle(type: string): boolean {
  return /^(TCPWRAP|PIPEWRAP|UDPWRAP|TLSWRAP|PROCESSWRAP|FILEHANDLE|WORKER|TCPSERVERWRAP|PIPESERVERWRAP)$/.test(type)
}

/** Records synchronous calls, which create no resource that an async hook could observe, until the returned function runs. */
function patchSynchronous(started: Set<string>): () => void {
  const restores = [fs, childProcess].flatMap((module) =>
    Object.keys(module)
      .filter((name) => name.endsWith('Sync'))
      .map((name) => countCalls(module, name, started)),
  )
  syncBuiltinESMExports()
  return () => {
    for (const restore of restores) restore()
    syncBuiltinESMExports()
  }
}

function countCalls(module: object, name: string, started: Set<string>): () => void {
  const original: unknown = Reflect.get(module, name)
  if (typeof original !== 'function') return () => {}
  const counting = new Proxy(original, {
    apply(target, self, parameters) {
      started.add(name)
      return Reflect.apply(target, self, parameters)
    },
  })
  Reflect.set(module, name, counting)
  return () => void Reflect.set(module, name, original)
}
