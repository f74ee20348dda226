import type { RuntimeScope } from '@capstan/core'
import type { MemoryFault } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { BuildKitFeature } from '../../src/index.js'
import { listLeft } from '../support/list-left.js'
import { openWithStandIn } from '../support/stand-in.js'

const start = (scope: RuntimeScope, signal?: AbortSignal) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, readyTimeoutMs: 20_000, signal })

/** The steps that fail a start when they fail, in order. */
const steps = ['createNetwork', 'createVolume', 'createContainer', 'startContainer', 'exec'] as const

describe('a start of which a step goes wrong (F21)', () => {
  it.each(steps)('%s fails: its own error, and nothing is left', async (operation) => {
    const faults: MemoryFault[] = [{ operation }]
    await using scope = await openWithStandIn({ faults })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'a scripted fault' },
    })
    expect(await listLeft(scope)).toEqual([])
    await (await start(scope))[Symbol.asyncDispose]()
    expect(await listLeft(scope)).toEqual([])
  })

  it.each(steps.slice(0, 4))('%s takes effect and fails: nothing is left', async (operation) => {
    await using scope = await openWithStandIn({ faults: [{ operation, after: true }] })
    await expect(start(scope)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await listLeft(scope)).toEqual([])
  })

  it.each(['inspectContainer', ...steps, 'waitContainer', 'containerLogs'])(
    '%s is slow: it starts all the same',
    async (operation) => {
      await using scope = await openWithStandIn({ faults: [{ operation, delayMs: 20 }] })
      await (await start(scope))[Symbol.asyncDispose]()
      expect(await listLeft(scope)).toEqual([])
    },
  )

  it.each(['inspectContainer', ...steps])(
    '%s hangs: an abort ends it with its reason, and nothing is left',
    async (operation) => {
      await using scope = await openWithStandIn({ faults: [{ operation, hang: true }] })
      const controller = new AbortController()
      const starting = start(scope, controller.signal)
      setTimeout(() => controller.abort('enough'), 30)
      await expect(starting).rejects.toBe('enough')
      expect(await listLeft(scope)).toEqual([])
    },
  )

  it.each(steps)('%s takes effect and hangs: an abort leaves nothing', async (operation) => {
    await using scope = await openWithStandIn({ faults: [{ operation, after: true, hang: true }] })
    const controller = new AbortController()
    const starting = start(scope, controller.signal)
    setTimeout(() => controller.abort('enough'), 30)
    await expect(starting).rejects.toBe('enough')
    await expect.poll(() => listLeft(scope)).toEqual([])
  })

  it.each([0, 1, 2, 4, 8, 12, 16, 24])('is aborted after %i ms: nothing is left', async (ms) => {
    await using scope = await openWithStandIn({ standIn: { bootMs: 10 } })
    const controller = new AbortController()
    const starting = start(scope, controller.signal)
    setTimeout(() => controller.abort('enough'), ms)
    await starting.then(
      (sidecar) => sidecar[Symbol.asyncDispose](),
      (error) => expect(error).toBe('enough'),
    )
    expect(await listLeft(scope)).toEqual([])
  })

  it('keeps the first failure when undoing fails too, and tells of both', async () => {
    const faults = [{ operation: 'createContainer' }, { operation: 'removeNetwork' }]
    await using scope = await openWithStandIn({ faults })
    await expect(start(scope)).rejects.toMatchObject({
      facts: { operation: 'createContainer' },
      undoFailures: [{ facts: { operation: 'removeNetwork' } }],
    })
  })
})
