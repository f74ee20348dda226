import { execManagerCapability, type RuntimeScope, requireCapabilities, sidecarManagerCapability } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { describe, expect, it, vi } from 'vitest'
import { BuildKitFeature, type BuildKitOptions } from '../../src/index.js'
import { toLeaseCommand } from '../../src/sidecar/lease-scripts.js'
import { listLeftovers } from '../support/list-leftovers.js'
import { readExec } from '../support/read-exec.js'
import { openTwiceWithSimulatedBuildKit, openWithSimulatedBuildKit } from '../support/simulated-buildkit.js'

const start = (scope: RuntimeScope, options: BuildKitOptions = {}) =>
  scope.resolve(BuildKitFeature).start({ graceMs: 1, readyTimeoutMs: 20_000, ...options })

async function countLeases(scope: RuntimeScope): Promise<number> {
  const [container] = await scope.runtime.listContainers()
  if (container?.state !== 'running') return 0
  return (await readExec(scope, container.id, ['leases'])).length
}

describe('a shared sidecar', () => {
  it('keeps running when its creator is aborted while another start uses it', async () => {
    const { mayBoot, boot } = createBoot()
    await using scope = await openWithSimulatedBuildKit({ buildkit: { listensAfter: mayBoot } })
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

  it('is removed after ten concurrent starts, half of them aborted', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { bootMs: 30 } })
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
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('is removed when the last of its starts is aborted, also if another one created it', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { neverListens: true } })
    const controllers = [new AbortController(), new AbortController()]
    const users: Promise<unknown>[] = []
    for (const { signal } of controllers) {
      users.push(start(scope, { signal }))
      await expect.poll(() => countLeases(scope)).toBe(users.length)
    }
    for (const [index, user] of users.entries()) {
      controllers[index]?.abort('enough')
      await expect(user).rejects.toBe('enough')
      expect((await listLeftovers(scope)).length > 0).toBe(index === 0)
    }
  })

  it('is replaced by a new one for a start while the last lease is released', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const first = await start(scope)
    const leaving = first[Symbol.asyncDispose]()
    await using second = await start(scope)
    await leaving
    expect(await second.workers()).toHaveLength(1)
  })

  it('is created again when other processes have stopped it', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { stoppedByOthersCount: 2 } })
    await using sidecar = await start(scope)
    expect(await sidecar.workers()).toHaveLength(1)
  })

  it('is created again when other processes have stopped it after its name was taken twice', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { stoppedByOthersCount: 2 } })
    const { sidecars } = requireCapabilities(scope, { sidecars: sidecarManagerCapability })
    const conflict = createHostError('NAME_CONFLICT', { name: 'taken', holderId: undefined, sameOwner: true })
    vi.spyOn(sidecars, 'startSidecar').mockRejectedValueOnce(conflict).mockRejectedValueOnce(conflict)
    await using sidecar = await start(scope)
    expect(await sidecar.workers()).toHaveLength(1)
  })

  it('rejects when every new sidecar exits with 0', async () => {
    await using scope = await openWithSimulatedBuildKit({ buildkit: { stoppedByOthersCount: 1000 } })
    await expect(start(scope)).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
    expect(await listLeftovers(scope)).toEqual([])
  })

  it('is removed when the process of the other lease dies during the release', async () => {
    await using scope = await openWithSimulatedBuildKit()
    const sidecar = await start(scope, { graceMs: 50 })
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const dead = await execs.exec(sidecar.containerId, toLeaseCommand(0.001))
    await new Promise((resolve) => dead.stdout.once('data', resolve))
    const leaving = sidecar[Symbol.asyncDispose]()
    dead.stdin.end()
    await leaving
    expect(await listLeftovers(scope)).toEqual([])
  })

  describe('on a runtime where only the process that started a container can wait for it', () => {
    const unsupportedOptions = ['foreignContainers.exitCode'] as const

    it('is removed once when the last lease belongs to a start that did not create it', async () => {
      const [one, other] = await openTwiceWithSimulatedBuildKit({ unsupportedOptions })
      await using _one = one
      await using _other = other
      const made = await start(one)
      const found = await start(other)
      expect(found.containerId).toBe(made.containerId)
      await made[Symbol.asyncDispose]()
      const removed = vi.spyOn(other.runtime, 'removeContainer')
      const leaving = found[Symbol.asyncDispose]()
      await expect.poll(async () => (await listLeftovers(one)).length, { timeout: 5000 }).toBe(0)
      await leaving
      expect(removed).toHaveBeenCalledTimes(1)
    })

    it('fails the build of a start that found it when it exits', async () => {
      const [one, other] = await openTwiceWithSimulatedBuildKit({ unsupportedOptions })
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

  it('is replaced by a new one when it dies while a second start joins', async () => {
    const { mayBoot, boot } = createBoot()
    await using scope = await openWithSimulatedBuildKit({ buildkit: { listensAfter: mayBoot } })
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
