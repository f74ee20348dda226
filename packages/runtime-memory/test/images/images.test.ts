import type { PullProgress } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { openMemory } from '../support/open-memory.js'

const app = { main: async () => 0 }

describe('images', () => {
  it('are found by each form of their reference', async () => {
    await using memory = await openMemory({ images: { 'host.example:5000/team/app:1': app } })
    const { runtime } = memory
    for (const reference of [
      'busybox',
      'busybox:latest',
      'docker.io/library/busybox',
      'host.example:5000/team/app:1',
    ]) {
      expect(await runtime.imageExists(reference)).toBe(true)
    }
    for (const reference of ['busybox:1', 'app:1', 'host.example:5000/team/app']) {
      expect(await runtime.imageExists(reference)).toBe(false)
    }
    const [image] = await runtime.listImages()
    expect(await runtime.imageExists(image?.id ?? '')).toBe(true)
  })

  it('are listed with size, time and labels, filtered by label', async () => {
    await using memory = await openMemory()
    await memory.builder.buildImage('FROM busybox\nLABEL role=x', 'app:1', { labels: { more: 'y' } })
    const found = await memory.runtime.listImages({ labels: { role: 'x', more: 'y' } })
    expect(found).toMatchObject([
      { tags: ['app:1'], sizeBytes: expect.any(Number), createdAt: expect.any(Date), labels: { role: 'x', more: 'y' } },
    ])
    expect(found[0]?.labels['capstan.owner.pid']).toBe(String(process.pid))
  })

  it('are removed by tag or by id; removing a missing one resolves', async () => {
    await using memory = await openMemory({ images: { a: app, b: app, c: app } })
    const { runtime } = memory
    const image = (await runtime.listImages()).find(({ tags }) => tags.includes('a:latest'))
    expect(image?.tags).toEqual(['a:latest', 'b:latest', 'c:latest'])
    await runtime.removeImage('a')
    await runtime.removeImage('a')
    expect([await runtime.imageExists('a'), await runtime.imageExists('b')]).toEqual([false, true])
    await runtime.removeImage(image?.id ?? '')
    expect(await runtime.imageExists('b')).toBe(false)
    await runtime.removeImage(image?.id ?? '')
  })

  it('rejects with IN_USE while containers use the image', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', name: 'user' })
    await expect(memory.runtime.removeImage('busybox')).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { users: ['user'] },
    })
    await memory.runtime.removeContainer(id)
    await memory.runtime.removeImage('busybox')
  })
})

describe('getImageHomeDir', () => {
  it.each([
    [{ env: { HOME: '/h' }, user: 'node' }, '/h'],
    [{ user: 'node:node' }, '/home/node'],
    [{ user: '1000' }, '/root'],
    [{}, '/root'],
  ])('resolves with the home directory of the user %j', async (image, home) => {
    await using memory = await openMemory({ images: { app: { ...app, ...image } } })
    expect(await memory.runtime.getImageHomeDir('app')).toBe(home)
  })

  it('resolves with the home directory of root for a missing image, without a pull', async () => {
    const faults = [{ operation: 'getImageHomeDir' }]
    await using memory = await openMemory({ pullable: { app: { ...app, user: 'node' } }, faults })
    expect(await memory.runtime.getImageHomeDir('app')).toBe('/root')
    expect(await memory.runtime.getImageHomeDir('app')).toBe('/root')
    expect(await memory.runtime.imageExists('app')).toBe(false)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(memory.runtime.getImageHomeDir('app', { signal })).rejects.toThrow('enough')
  })
})

describe('pullImage', () => {
  it('pulls an image from the simulated registry and reports each phase', async () => {
    await using memory = await openMemory({ pullable: { 'app:1': app } })
    const progress: PullProgress[] = []
    const id = await memory.images.pullImage('app:1', { onProgress: (event) => progress.push(event) })
    expect(id).toMatch(/^sha256:/)
    expect(progress.map(({ phase }) => phase)).toEqual(['resolving', 'downloading', 'extracting', 'done'])
    expect(await memory.images.pullImage('app:1')).toBe(id)
  })

  it('rejects with the message of the registry and without credentials for a missing image', async () => {
    await using memory = await openMemory()
    const credentials = { username: 'me', password: 'secret' }
    const failing = memory.images.pullImage('private:1', { credentials })
    await expect(failing).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED', facts: { image: 'private:1' } })
    await failing.catch((error) => expect(JSON.stringify(error) + error.message).not.toContain('secret'))
  })
})
