import { untilAborted } from '@capstan/core'

/** Resolves after the time, holding up nobody's exit; rejects with the signal's reason. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds).unref()
  })
  await untilAborted(elapsed, signal).finally(() => clearTimeout(timer))
}

/** Resolves in one of the event loop's next turns; holds up the process's exit only when told so. */
export function nextTurn({ keepAlive }: { readonly keepAlive: boolean }): Promise<void> {
  return new Promise((resolve) => {
    // An immediate that is not referenced need not run before something else wakes the loop: a timer does.
    if (keepAlive) setImmediate(resolve)
    else setTimeout(resolve, 1).unref()
  })
}
