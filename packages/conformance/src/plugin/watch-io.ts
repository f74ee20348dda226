import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** What a piece of work has to do with the world outside of the process. */
export interface WatchedIo {
  /** Kinds of I/O that it began, each once, by the names that Node has for them: `TCPWRAP`, `readFileSync`. */
  readonly begun: readonly string[]
  /** Kinds of handles that it opened and that are still open. */
  readonly open: readonly string[]
}

/**
 * Runs the work and keeps account of the I/O of it, and of all that goes on because of it; other work that runs at the
 * same time does not count.
 *
 * Reading the account says how things stand then.
 */
export function watchIo<T>(work: () => T): { readonly result: T; readonly account: () => WatchedIo; stop(): void } {
  const begun = new Set<string>()
  const open = new Map<number, string>()
  const inWork = new AsyncLocalStorage<true>()
  const hook = createHook({
    init(id, type) {
      if (inWork.getStore() !== true || !isIo(type)) return
      begun.add(type)
      if (isHandle(type)) open.set(id, type)
    },
    destroy: (id) => void open.delete(id),
  }).enable()
  const unpatch = patchSynchronous(begun)
  const stop = () => {
    hook.disable()
    // A storage that was used once is carried along by every promise until it is told to stop.
    inWork.disable()
  }
  try {
    const result = inWork.run(true, work)
    const account = () => ({ begun: [...begun], open: [...open.values()] })
    return { result, account, stop }
  } catch (error) {
    stop()
    throw error
  } finally {
    unpatch()
  }
}

/** Names of https://nodejs.org/api/async_hooks.html#type. Timers, promises and ticks are no I/O. */
function isIo(type: string): boolean {
  return /WRAP$|^FS|^FILEHANDLE|^HTTP|^WORKER/.test(type) && type !== 'SHUTDOWNWRAP'
}

function isHandle(type: string): boolean {
  return /^(TCPWRAP|PIPEWRAP|UDPWRAP|TLSWRAP|PROCESSWRAP|FILEHANDLE|WORKER|TCPSERVERWRAP|PIPESERVERWRAP)$/.test(type)
}

/** Synchronous calls make no resource that a hook could see; so for the moment of the work they are counted here. */
function patchSynchronous(begun: Set<string>): () => void {
  const restores = [fs, childProcess].flatMap((module) =>
    Object.keys(module)
      .filter((name) => name.endsWith('Sync'))
      .map((name) => countCalls(module, name, begun)),
  )
  syncBuiltinESMExports()
  return () => {
    for (const restore of restores) restore()
    syncBuiltinESMExports()
  }
}

function countCalls(module: object, name: string, begun: Set<string>): () => void {
  const original: unknown = Reflect.get(module, name)
  if (typeof original !== 'function') return () => {}
  const counting = new Proxy(original, {
    apply(target, self, parameters) {
      begun.add(name)
      return Reflect.apply(target, self, parameters)
    },
  })
  Reflect.set(module, name, counting)
  return () => void Reflect.set(module, name, original)
}
