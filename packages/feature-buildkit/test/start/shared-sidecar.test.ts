import { execManagerCapability, type RuntimeScope, requireCapabilities } from '@capstan/core'
import { describe, expect, it, vi } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../../src/index.js'
import { toLeaseCommand } from '../../src/scripts.js'
import { readExec } from '../support/exec-text.js'
import { listLeft } from '../support/list-left.js'
import { openTwiceWithStandIn, openWithStandIn } from '../support/stand-in.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, readyTimeoutMs: 20_000, ...options })

async function countLeases(scope: RuntimeScope): Promise<number> {
  const [container] = await scope.runtime.listContainers()
  if (container?.state !== 'running') return 0
  return (await readExec(scope, container.id, ['leases'])).length
}

describe('a sidecar that is shared', () => {
  it('stays when the one who made it gives up while another uses it', async () => {
    const { mayBoot, boot } = createBoot()
    await using scope = await openWithStandIn({ standIn: { mayBoot } })
    const controller = new AbortController()
    const maker = start(scope, { signal: controller.signal })
    await expect.poll(() => countLeases(scope)).toBe(1)
    const other = start(scope)
    await expect.poll(() => countLeases(scope)).toBe(2)
    controller.abort('enough')
    await expect(maker).rejects.toBe('enough')
    boot()
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

  it('goes with the last of those who give up, whoever made it', async () => {
    await using scope = await openWithStandIn({ standIn: { silent: true } })
    const controllers = [new AbortController(), new AbortController()]
    const users: Promise<unknown>[] = []
    for (const { signal } of controllers) {
      users.push(start(scope, { signal }))
      await expect.poll(() => countLeases(scope)).toBe(users.length)
    }
    for (const [index, user] of users.entries()) {
      controllers[index]?.abort('enough')
      await expect(user).rejects.toBe('enough')
      expect((await listLeft(scope)).length > 0).toBe(index === 0)
    }
  })

  it('is made anew for one who comes while the last one leaves', async () => {
    await using scope = await openWithStandIn()
    const first = await start(scope)
    const leaving = first[Symbol.asyncDispose]()
    await using second = await start(scope)
    await leaving
    expect(await second.workers()).toHaveLength(1)
  })

  it('is made anew by its maker when others have used and left it before', async () => {
    await using scope = await openWithStandIn({ standIn: { leftByOthers: 2 } })
    await using sidecar = await start(scope)
    expect(await sidecar.workers()).toHaveLength(1)
  })

  it('is not made for ever where it ends well each time', async () => {
    await using scope = await openWithStandIn({ standIn: { leftByOthers: 1000 } })
    await expect(start(scope)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await listLeft(scope)).toEqual([])
  })

  it('leaves nothing when a holder who is dead was the last but one', async () => {
    await using scope = await openWithStandIn()
    const sidecar = await start(scope, { graceMs: 50 })
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const dead = await execs.exec(sidecar.containerId, toLeaseCommand(0.001))
    await new Promise((resolve) => dead.stdout.once('data', resolve))
    const leaving = sidecar[Symbol.asyncDispose]()
    dead.stdin.end()
    await leaving
    expect(await listLeft(scope)).toEqual([])
  })

  describe('where only who started it may wait for its end', () => {
    const refuses = ['foreignContainers.exitCode'] as const

    it('goes at once with one who has found it, and takes nothing of the next', async () => {
      const [one, other] = await openTwiceWithStandIn({ refuses })
      await using _one = one
      await using _other = other
      const made = await start(one)
      const found = await start(other)
      expect(found.containerId).toBe(made.containerId)
      await made[Symbol.asyncDispose]()
      const removed = vi.spyOn(other.runtime, 'removeContainer')
      const leaving = found[Symbol.asyncDispose]()
      await expect.poll(async () => (await listLeft(one)).length, { timeout: 5000 }).toBe(0)
      await leaving
      expect(removed).toHaveBeenCalledTimes(1)
    })

    it('is seen to end by a build of one who has found it', async () => {
      const [one, other] = await openTwiceWithStandIn({ refuses })
      await using _one = one
      await using _other = other
      await using made = await start(one)
      await using found = await start(other)
      const context = { files: { Dockerfile: 'FROM scratch\nRUN hang\n' } }
      const { result } = found.build({ context, output: { type: 'cache-only' } })
      const outcome = expect(result).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
      await one.runtime.stopContainer(made.containerId)
      await outcome
    })
  })

  it('makes way for a new one when it dies while a second user joins', async () => {
    const { mayBoot, boot } = createBoot()
    await using scope = await openWithStandIn({ standIn: { mayBoot } })
    const maker = start(scope)
    await expect.poll(() => countLeases(scope)).toBe(1)
    const other = start(scope)
    await expect.poll(() => countLeases(scope)).toBe(2)
    const [{ id } = { id: '' }] = await scope.runtime.listContainers()
    await Promise.all([
      scope.runtime.stopContainer(id),
      expect(maker).rejects.toMatchObject({ code: 'OPERATION_FAILED' }),
    ])
    boot()
    await using sidecar = await other
    expect(sidecar.containerId).not.toBe(id)
  })
})

function createBoot() {
  let boot: () => void = () => {}
  const mayBoot = new Promise<void>((resolve) => {
    boot = resolve
  })
  return { mayBoot, boot: () => boot() }
}
