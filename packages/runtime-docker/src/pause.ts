import { setTimeout as delay } from 'node:timers/promises'
import type { OperationOptions } from '@capstan/core'

/** Resolves after that time; an abort rejects with its reason. */
export async function pause(timeMs: number, { signal }: OperationOptions = {}): Promise<void> {
  try {
    await delay(timeMs, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}
