import type { RuntimeScope } from '@capstan/core'
import type { MemoryFault } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { BuildKitFeature } from '../../src/index.js'
import { listLeftovers } from '../support/list-leftovers.js'
import { openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const start = (scope: RuntimeScope, signal?: AbortSignal) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, readyTimeoutMs: 20_000, signal })

/** The operations of a start, in order, whose failure fails the start. */
const steps = ['createNetwork', 'createVolume', 'createContainer', 'startContainer', 'exec'] as const

describe('a start with a failing step', () => {
  it.each(steps)('rejects with the error of %s when it fails, and removes all objects', async (operation) => {
    const faults: MemoryFault[] = [{ operation }]
    await using scope = await openWithSimulatedBuildKit({ faults })
    await expect(start(scope)).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: 'a fault that the option `faults` injects' },
    })
    expect(await listLeftovers(scope)).toEqual([])
    await (await start(scope))[Symbol.asyncDispose]()
    expect(await listLeftovers(scope)).toEqual([])
  })

  it.each(steps.slice(0, 4))('removes all objects when %s takes effect and then fails', async (operation) => {
    await using scope = await openWithSimulatedBuildKit({ faults: [{ operation, after: true }] })
    await expect(start(scope)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it.each(['inspectContainer', ...steps, 'waitContainer', 'containerLogs'])(
    'starts when %s is slow',
    async (operation) => {
      await using scope = await openWithSimulatedBuildKit({ faults: [{ operation, delayMs: 20 }] })
      await (await start(scope))[Symbol.asyncDispose]()
      expect(await listLeftovers(scope)).toEqual([])
    },
  )

  it.each(['inspectContainer', ...steps])(
    'rejects with the reason when it is aborted while %s does not answer, and removes all objects',
    async (operation) => {
      await using scope = await openWithSimulatedBuildKit({ faults: [{ operation, hang: true }] })
      const controller = new AbortController()
      const starting = start(scope, controller.signal)
      setTimeout(() => controller.abort('enough'), 30)
      await expect(starting).rejects.toBe('enough')
      expect(await listLeftovers(scope)).toEqual([])
    },
  )

  it.each(steps)('removes all objects when it is aborted after %s took effect without an answer', async (operation) => {
    await using scope = await openWithSimulatedBuildKit({ faults: [{ operation, after: true, hang: true }] })
    const controller = new AbortController()
    const starting = start(scope, controller.signal)
    setTimeout(() => controller.abort('enough'), 30)
    await expect(starting).rejects.toBe('enough')
    await expect.poll(() => listLeftovers(scope)).toEqual([])
  })

  it.each([0, 1, 2, 4, 8, 12, 16, 24])('removes all objects when it is aborted after %i ms', async (ms) => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { bootMs: 10 } })
    const controller = new AbortController()
    const starting = start(scope, controller.signal)
    setTimeout(() => controller.abort('enough'), ms)
    await starting.then(
      (sidecar) => sidecar[Symbol.asyncDispose](),
      (error) => expect(error).toBe('enough'),
    )
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('rejects with the first error and the failures of the undo', async () => {
    const faults = [{ operation: 'createContainer' }, { operation: 'removeNetwork' }]
    await using scope = await openWithSimulatedBuildKit({ faults })
    await expect(start(scope)).rejects.toMatchObject({
      facts: { operation: 'createContainer' },
      undoFailures: [{ facts: { operation: 'removeNetwork' } }],
    })
  })
})
