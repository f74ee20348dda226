import { constants } from 'node:os'
import { isHostError } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import type { MemoryPluginOptions } from '../../src/index.js'
import { runToEnd } from '../support/collect.js'
import { openMemory } from '../support/open-memory.js'

describe('the simulated image manager', () => {
  it('has a history with a step for each instruction, which an archive keeps', async () => {
    await using memory = await openMemory()
    const { builder, images, manager, runtime } = memory
    await builder.buildImage('FROM busybox\nCOPY . /in/\nENV A=1', 'app:1', { context: { files: { f: '12345' } } })
    const steps = await manager.imageHistory('app:1')
    const { id } = await manager.inspectImage('app:1')
    expect(steps.slice(0, 2)).toMatchObject([
      { id, createdBy: 'ENV A=1', sizeBytes: 0 },
      { id: undefined, createdBy: 'COPY . /in/', sizeBytes: 5 },
    ])
    const archive = await images.saveImages(['app:1', 'busybox'])
    await runtime.removeImage('app:1')
    expect(await images.loadImages(archive)).toEqual(['app:1', 'busybox:latest'])
    expect((await manager.imageHistory('app:1')).map(({ createdBy }) => createdBy)).toEqual(
      steps.map(({ createdBy }) => createdBy),
    )
  })

  it('saves an image once with all of the given tags', async () => {
    await using memory = await openMemory()
    await memory.manager.tagImage('busybox', 'other:1')
    const archive = await memory.images.saveImages(['busybox', 'other:1', 'busybox'])
    expect(await memory.images.loadImages(archive)).toEqual(['busybox:latest', 'other:1'])
  })

  it('commits author, comment and the files of a created container, whose image a sweep attributes to the owner', async () => {
    await using memory = await openMemory()
    const settings = {
      entrypoint: ['echo'],
      env: { A: '1' },
      ports: [{ containerPort: 80 }],
      exposedPorts: [{ containerPort: 53 }],
      healthcheck: 'none',
    } as const
    const id = await memory.runtime.createContainer({ image: 'busybox', ...settings })
    await memory.manager.commitContainer(id, {
      tag: 'app:1',
      author: 'me',
      message: 'why',
      changes: { command: ['hi'] },
    })
    expect(await memory.manager.inspectImage('app:1')).toMatchObject({
      author: 'me',
      config: {
        entrypoint: ['echo'],
        command: ['hi'],
        env: { A: '1' },
        healthcheck: 'none',
        exposedPorts: [53, 80].map((containerPort) => ({ containerPort, protocol: 'tcp' })),
      },
      labels: { 'capstan.object': expect.stringMatching(/^image\./), 'capstan.owner.pid': String(process.pid) },
    })
    expect((await memory.manager.imageHistory('app:1'))[0]).toMatchObject({ comment: 'why', createdBy: 'echo' })
    expect(await runToEnd(memory.runtime, { image: 'app:1' })).toMatchObject({ stdout: 'hi\n' })
  })

  it.each(['tagImage', 'commitContainer'] as const)('undoes an aborted %s', async (operation) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    await using memory = await openMemory({ faults: [{ operation, after: true, hang: true }] })
    await memory.builder.buildImage('FROM busybox\nENV A=1', 'app:1')
    const { id } = await memory.manager.inspectImage('app:1')
    const container = await memory.runtime.createContainer({ image: 'busybox' })
    const before = await memory.runtime.listImages()
    const { signal } = controller
    const calls = {
      tagImage: () => memory.manager.tagImage('busybox', 'app:1', { signal }),
      commitContainer: () => memory.manager.commitContainer(container, { tag: 'app:1', signal }),
    }
    setImmediate(() => controller.abort(reason))
    await expect(calls[operation]()).rejects.toBe(reason)
    expect((await memory.manager.inspectImage('app:1')).id).toBe(id)
    expect(await memory.runtime.listImages()).toEqual(before)
  })

  it('uses the stop signal of an image', async () => {
    await using memory = await openMemory()
    await memory.builder.buildImage('FROM busybox\nSTOPSIGNAL SIGUSR1', 'app:1')
    const id = await memory.runtime.createContainer({ image: 'app:1', command: ['sleep', '60'] })
    await memory.runtime.startContainer(id)
    await memory.runtime.stopContainer(id)
    expect(await memory.runtime.waitContainer(id)).toBe(128 + constants.signals.SIGUSR1)
  })
})

describe('pushImage of the simulation', () => {
  it('stores the image in the registry, from where it can be pulled', async () => {
    await using memory = await openMemory()
    await memory.builder.buildImage('FROM busybox\nENV A=1', 'localhost:5000/app:1')
    const phases: string[] = []
    const digest = await memory.images.pushImage('localhost:5000/app:1', {
      onProgress: ({ phase }) => void phases.push(phase),
    })
    expect(phases).toEqual(['preparing', 'done'])
    await memory.runtime.removeImage('localhost:5000/app:1')
    expect(await memory.images.pullImage('localhost:5000/app:1')).toBe(digest)
  })

  it.each<readonly [string, MemoryPluginOptions, boolean]>([
    ['rejects a host that no option names', {}, false],
    ['accepts a host of `registries`', { registries: ['registry.example'] }, true],
    ['accepts a host of `pullable`', { pullable: { 'registry.example/other': { main: async () => 0 } } }, true],
  ])('%s', async (_, options, isAccepted) => {
    await using memory = await openMemory(options)
    await memory.manager.tagImage('busybox', 'registry.example/app:1')
    const outcome = await memory.images.pushImage('registry.example/app:1').catch((error: unknown) => error)
    expect(isHostError(outcome, 'IMAGE_PUSH_FAILED')).toBe(!isAccepted)
  })

  it('undoes an aborted push', async () => {
    const faults = [{ operation: 'pushImage', after: true, hang: true }]
    await using memory = await openMemory({ faults })
    await memory.manager.tagImage('busybox', 'localhost:5000/app:1')
    const controller = new AbortController()
    const pushing = memory.images.pushImage('localhost:5000/app:1', { signal: controller.signal })
    setImmediate(() => controller.abort(new Error('enough')))
    await expect(pushing).rejects.toThrow('enough')
    await memory.runtime.removeImage('localhost:5000/app:1')
    await expect(memory.images.pullImage('localhost:5000/app:1')).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED' })
  })
})
