import type { RuntimeScope } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../../src/index.js'
import { listLeft } from '../support/list-left.js'
import { openWithStandIn } from '../support/stand-in.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, readyTimeoutMs: 3000, ...options })

describe('a sidecar that is shared', () => {
  it('stays when the one who made it gives up while another uses it', async () => {
    await using scope = await openWithStandIn({ standIn: { bootMs: 200 } })
    const controller = new AbortController()
    const maker = start(scope, { signal: controller.signal })
    await expect.poll(async () => (await scope.runtime.listContainers()).length).toBe(1)
    const other = start(scope)
    await new Promise((resolve) => setTimeout(resolve, 60))
    controller.abort('enough')
    await expect(maker).rejects.toBe('enough')
    await using sidecar = await other
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    expect(await sidecar.workers()).toHaveLength(1)
  })

  it('serves ten users, of which half give up: one sidecar while they use it, nothing after', async () => {
    await using scope = await openWithStandIn({ standIn: { bootMs: 30 } })
    const users = Array.from({ length: 10 }, async (_, index) => {
      const controller = new AbortController()
      if (index % 2 === 1) setTimeout(() => controller.abort('enough'), index * 7)
      try {
        const sidecar = await start(scope, { signal: controller.signal })
        expect(await sidecar.workers()).toHaveLength(1)
        await sidecar[Symbol.asyncDispose]()
      } catch (error) {
        expect(error).toBe('enough')
      }
    })
    await Promise.all(users)
    expect(await listLeft(scope)).toEqual([])
  })

  it('is made anew for one who comes while the last one leaves', async () => {
    await using scope = await openWithStandIn()
    const first = await start(scope)
    const leaving = first[Symbol.asyncDispose]()
    await using second = await start(scope)
    await leaving
    expect(await second.workers()).toHaveLength(1)
  })

  it('makes way for a new one when it dies while a second user joins', async () => {
    await using scope = await openWithStandIn({ standIn: { bootMs: 200 } })
    const first = start(scope)
    first.catch(() => {})
    await expect.poll(async () => (await scope.runtime.listContainers()).length).toBe(1)
    const [{ id } = { id: '' }] = await scope.runtime.listContainers()
    const second = start(scope)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await scope.runtime.stopContainer(id)
    await expect(first).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    await using sidecar = await second
    expect(sidecar.containerId).not.toBe(id)
  })
})
