import type { SidecarConfig } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { type MemoryFault, memoryPlugin } from '../src/index.js'
import { listObjects, noObjects, openMemory, openPlugin } from './support/open-memory.js'

describe('startSidecar', () => {
  it('resolves with the full id of a running container', async () => {
    await using memory = await openMemory()
    const networkId = await memory.networks.createNetwork('n')
    const networks = [{ networkId, aliases: ['db'] }]
    const id = await memory.sidecars.startSidecar({ name: 's', image: 'busybox', command: ['sleep', '100'], networks })
    const inspection = await memory.sidecars.inspectContainer(id)
    expect(inspection).toMatchObject({
      id,
      name: 's',
      image: 'busybox',
      imageId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      command: ['sleep', '100'],
      state: {
        status: 'running',
        running: true,
        exitCode: undefined,
        startedAt: expect.any(Date),
        finishedAt: undefined,
      },
      ports: [],
      networks: [{ networkId, aliases: ['db'] }],
      labels: { 'capstan.owner.pid': String(process.pid) },
    })
    await memory.runtime.stopContainer(id)
    expect((await memory.sidecars.inspectContainer(id)).state).toMatchObject({
      status: 'exited',
      running: false,
      exitCode: 143,
      finishedAt: expect.any(Date),
    })
  })

  it.each([
    ['config', undefined],
    ['name', { image: 'busybox' }],
    ['network', { image: 'busybox', name: 's', network: { mode: 'host' } }],
    ['networks[0].networkId', { image: 'busybox', name: 's', networks: [{ networkId: '-' }] }],
  ])('rejects an invalid %s and names the field', async (field, config) => {
    await using memory = await openMemory()
    const start = memory.sidecars.startSidecar(config as SidecarConfig)
    await expect(start).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
    expect((await listObjects(memory)).containers).toEqual([])
  })

  it.each(['pullImage', 'createContainer', 'startContainer'])(
    'removes the container that it created when %s fails',
    async (operation) => {
      const faults: MemoryFault[] = [{ operation, error: new Error('no') }]
      await using memory = await openMemory({ faults, pullable: { 'app:1': { main: async () => 0 } } })
      await expect(memory.sidecars.startSidecar({ name: 's', image: 'app:1' })).rejects.toThrow('no')
      expect((await listObjects(memory)).containers).toEqual([])
    },
  )

  it('records a failed undo step with the first error', async () => {
    const faults: MemoryFault[] = [{ operation: 'removeContainer', error: new Error('not removed') }]
    await using memory = await openMemory({ faults })
    const failing = memory.sidecars.startSidecar({ name: 's', image: 'busybox', command: ['none'] })
    await expect(failing).rejects.toMatchObject({
      code: 'COMMAND_NOT_STARTED',
      undoFailures: [expect.objectContaining({ message: 'not removed' })],
    })
  })

  it('reports no failed undo step when another runtime has removed the container', async () => {
    const plugin = memoryPlugin({ faults: [{ operation: 'startContainer', hang: true }] })
    await using other = await openPlugin(plugin)
    const memory = await openPlugin(plugin)
    const starting = memory.sidecars.startSidecar({ name: 's', image: 'busybox' })
    const failing = expect(starting).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE', undoFailures: [] })
    await expect.poll(async () => (await listObjects(other)).containers).toHaveLength(1)
    await other.runtime.removeContainer('s')
    await memory[Symbol.asyncDispose]()
    await failing
  })

  it('is undone before the disposal of the host resolves', async () => {
    const faults: MemoryFault[] = [{ operation: 'startContainer', hang: true }]
    const plugin = memoryPlugin({ faults })
    const memory = await openPlugin(plugin)
    const starting = memory.sidecars.startSidecar({ name: 's', image: 'busybox' })
    const failing = expect(starting).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
    await memory[Symbol.asyncDispose]()
    await failing
    await using again = await openPlugin(plugin)
    expect(await listObjects(again)).toEqual(noObjects)
  })

  it('rejects invalid input before any effect', async () => {
    await using memory = await openMemory()
    const failing = memory.sidecars.startSidecar({ name: '-s', image: 'busybox' })
    await expect(failing).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'name' } })
    await expect(memory.sidecars.inspectContainer('none')).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' })
  })
})
