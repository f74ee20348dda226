import { totalmem } from 'node:os'
import { describe, expect, it } from 'vitest'
import { openMemory } from './support/open-memory.js'

describe('container statistics of the simulation', () => {
  it('have the processes of the container and its memory limit', async () => {
    await using memory = await openMemory()
    const { runtime, stats, exec } = memory
    const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '60'], memoryBytes: 64 * mebibyte })
    await runtime.startContainer(id)
    expect(await stats.sample(id)).toMatchObject({
      pids: 1,
      memory: { usedBytes: mebibyte, limitBytes: 64 * mebibyte },
    })
    await using _process = await exec.exec(id, ['sleep', '60'])
    expect(await stats.sample(id)).toMatchObject({ pids: 2, memory: { usedBytes: 2 * mebibyte } })
  })

  it('have the memory of the machine as the limit of a container without one', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sleep', '60'] })
    await memory.runtime.startContainer(id)
    expect((await memory.stats.sample(id)).memory.limitBytes).toBe(totalmem())
  })

  it('end when the container is removed', async () => {
    await using memory = await openMemory()
    const { runtime, stats } = memory
    const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '60'] })
    await runtime.startContainer(id)
    let count = 0
    for await (const _ of stats.watch(id)) {
      count += 1
      await runtime.removeContainer(id)
    }
    expect(count).toBe(1)
  })
})

const mebibyte = 1024 * 1024
