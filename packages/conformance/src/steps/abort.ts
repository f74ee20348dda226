import type { OperationOptions } from '@capstan/core'
import { expectEqual } from '../assert/expect.js'
import { expectReason } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { inBackground } from './in-background.js'

/** Aborts the call after `until` and fails unless the call was still pending and rejects soon with the reason itself. */
export async function expectAborts(
  call: (own: OperationOptions) => Promise<unknown>,
  { until = () => pause(200), limitMs = 5000 }: AbortOptions = {},
): Promise<void> {
  const controller = new AbortController()
  const running = inBackground(call({ signal: controller.signal }))
  await until()
  const reason = new Error('aborted by the case')
  controller.abort(reason)
  await expectReason(reason, () => within(limitMs, 'the rejection', running.result))
}

export interface AbortOptions {
  /** Resolves when the call is to be aborted. Default: after 200 ms. */
  readonly until?: () => Promise<unknown>
  /** The time within which the call must reject. Default: 5000. */
  readonly limitMs?: number
}

/**
 * Aborts calls that create a resource after different times. Each call must either resolve, or reject with the reason itself
 * and remove what it created.
 */
export async function expectUndoneByAbort(
  context: CaseContext,
  create: (own: OperationOptions) => Promise<string>,
  remove: (id: string) => Promise<void>,
  { delaysMs = [0, 1, 3, 10, 30] }: { readonly delaysMs?: readonly number[] } = {},
): Promise<void> {
  for (const delayMs of delaysMs) {
    const controller = new AbortController()
    const reason = new Error(`aborted after ${delayMs} ms`)
    const creating = inBackground(create({ signal: controller.signal }))
    await pause(delayMs)
    controller.abort(reason)
    const ended = within(15_000, 'the end of the call', creating.result)
    const outcome = await ended.catch((error: unknown) => ({ error }))
    if (typeof outcome === 'string') await remove(outcome)
    else await expectReason(reason, () => Promise.reject(outcome.error))
    expectEqual(await context.listCreated(), [], `the resources that remain after an abort at ${delayMs} ms`)
  }
}
