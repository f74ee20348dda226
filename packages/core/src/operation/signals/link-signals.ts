import { setMaxListeners } from 'node:events'

/**
 * Creates a signal that aborts with the reason of the first source that aborts, `delayMs` milliseconds after it, unless
 * `unlink` is called before; and on `abort` at any time.
 *
 * After `unlink` the sources have no reference to it. `AbortSignal.any` of Node 20 leaves one for each call.
 */
export function linkSignals(
  sources: readonly (AbortSignal | undefined)[],
  { delayMs = 0 }: { readonly delayMs?: number } = {},
): LinkedSignal {
  const controller = new AbortController()
  const given = sources.filter((source) => source !== undefined)
  // Many calls may share a signal. Node warns of a leak from the eleventh listener on.
  setMaxListeners(0, controller.signal, ...given)
  const links = given.map((source) => follow(source, controller, delayMs))
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => {
      for (const unlink of links) unlink()
    },
  }
}

/** A signal that follows others; see {@link linkSignals}. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  /** Aborts this signal and not its sources. */
  abort(reason?: unknown): void
  /** Removes the listeners from the sources. Call it when the signal is no longer needed. */
  unlink(): void
}

function follow(source: AbortSignal, controller: AbortController, delayMs: number): () => void {
  let timer: NodeJS.Timeout | undefined
  const forward = () => {
    if (delayMs === 0) controller.abort(source.reason)
    else timer = setTimeout(() => controller.abort(source.reason), delayMs)
  }
  if (source.aborted) forward()
  else source.addEventListener('abort', forward, { once: true })
  return () => {
    clearTimeout(timer)
    source.removeEventListener('abort', forward)
  }
}
