import type { OperationOptions } from '@capstan/core'
import { pause } from './pause.js'

/**
 * What an engine made of a request that was not answered: it goes on when its client has gone, so it is asked again for
 * a while. `undefined`: nothing came of it.
 */
export async function whenItShows<T>(
  find: () => Promise<T | undefined>,
  options: OperationOptions,
): Promise<T | undefined> {
  for (const waitMs of waitsMs) {
    await pause(waitMs, options)
    const found = await find()
    if (found !== undefined) return found
  }
  return undefined
}

/** Making a network or a volume takes 20–150 ms; on a busy engine longer. */
const waitsMs = [0, 50, 100, 200, 400] as const
