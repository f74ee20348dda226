import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runToEnd } from './support/collect.js'
import { listObjects, noObjects, openMemory } from './support/open-memory.js'

describe('volumes', () => {
  it('are created, listed by label with the owner labels, and removed; removing a missing one resolves', async () => {
    await using memory = await openMemory()
    expect(await memory.volumes.createVolume('data', { labels: { role: 'x' } })).toBe('data')
    await memory.volumes.createVolume('other')
    const found = await memory.volumes.listVolumes({ labels: { role: 'x' } })
    expect(found).toMatchObject([
      { name: 'data', createdAt: expect.any(Date), labels: { role: 'x', 'capstan.owner.pid': String(process.pid) } },
    ])
    for (const name of ['data', 'data', 'other']) await memory.volumes.removeVolume(name)
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects with NAME_CONFLICT for a name that exists', async () => {
    await using memory = await openMemory()
    await memory.volumes.createVolume('data')
    await expect(memory.volumes.createVolume('data')).rejects.toMatchObject({
      code: 'NAME_CONFLICT',
      facts: { name: 'data', sameOwner: true },
    })
  })

  it('rejects with IN_USE while a container mounts the volume', async () => {
    await using memory = await openMemory()
    await memory.volumes.createVolume('data')
    const mounts = [{ type: 'volume', source: 'data', target: '/data' }] as const
    const id = await memory.runtime.createContainer({ image: 'busybox', name: 'user', mounts })
    await expect(memory.volumes.removeVolume('data')).rejects.toMatchObject({
      code: 'IN_USE',
      facts: { users: ['user'] },
    })
    await memory.runtime.removeContainer(id)
    await memory.volumes.removeVolume('data')
  })

  it('share files between containers', async () => {
    await using memory = await openMemory()
    await memory.volumes.createVolume('data')
    const at = (target: string, readOnly: boolean) => [{ type: 'volume', source: 'data', target, readOnly }] as const
    const config = { image: 'busybox' }
    await runToEnd(memory.runtime, { ...config, mounts: at('/a', false), command: ['sh', '-c', 'echo kept > /a/file'] })
    const read = await runToEnd(memory.runtime, { ...config, mounts: at('/b', true), command: ['cat', '/b/file'] })
    expect(read.stdout).toBe('kept\n')
    const written = await runToEnd(memory.runtime, { ...config, mounts: at('/b', true), command: ['touch', '/b/more'] })
    expect(written).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Read-only') })
  })

  it('are created with the owner labels when a container mounts a missing one', async () => {
    await using memory = await openMemory()
    const mounts = [{ type: 'volume', source: 'new', target: '/data' }] as const
    await memory.runtime.createContainer({ image: 'busybox', mounts })
    await memory.volumes.createVolume('own')
    const [made, own] = await memory.volumes.listVolumes()
    expect(made).toEqual({ ...own, name: 'new', createdAt: made?.createdAt })
  })

  it('are kept when the creating call fails and another container uses them', async () => {
    await using memory = await openMemory()
    const mounts = [{ type: 'volume', source: 'shared', target: '/data' }] as const
    const abort = new AbortController()
    const first = memory.runtime.createContainer({ image: 'busybox', name: 'first', mounts }, { signal: abort.signal })
    const second = memory.runtime.createContainer({ image: 'busybox', name: 'second', mounts })
    abort.abort(new Error('stop'))
    await expect(first).rejects.toThrow('stop')
    await second
    expect(await memory.volumes.listVolumes()).toMatchObject([{ name: 'shared' }])
  })
})

describe('other mounts', () => {
  it('bind-mount an existing directory of this machine', async () => {
    await using memory = await openMemory()
    const directory = await mkdtemp(join(tmpdir(), 'capstan-memory-'))
    try {
      await writeFile(join(directory, 'in'), 'from outside\n')
      const mounts = [{ type: 'bind', source: directory, target: '/m' }] as const
      const command = ['sh', '-c', 'cat /m/in; ls /m; echo out > /m/out']
      const { stdout } = await runToEnd(memory.runtime, { image: 'busybox', mounts, command })
      expect(stdout).toBe('from outside\nin\n')
      expect(await readFile(join(directory, 'out'), 'utf8')).toBe('out\n')
      const missing = [{ type: 'bind', source: join(directory, 'none'), target: '/m' }] as const
      await expect(memory.runtime.createContainer({ image: 'busybox', mounts: missing })).rejects.toMatchObject({
        code: 'OPERATION_FAILED',
        facts: { subject: join(directory, 'none') },
      })
      expect(await listObjects(memory)).toEqual(noObjects)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  it('apply the mode, the size and noexec of a tmpfs', async () => {
    await using memory = await openMemory()
    const tmpfs = (more: object) => ({ image: 'busybox', mounts: [{ type: 'tmpfs', target: '/t', ...more }] as const })
    const run = (script: string, more: object) =>
      runToEnd(memory.runtime, { ...tmpfs(more), command: ['sh', '-c', script] })
    expect((await run('stat -c %a /t', { mode: 0o700 })).stdout).toBe('700\n')
    expect((await run('seq 1000 > /t/f', { sizeBytes: 100 })).stderr).toContain('No space left')
    const script = `printf '#!/bin/sh\\necho executed\\n' > /t/x; chmod 755 /t/x; /t/x`
    expect((await run(script, {})).exitCode).toBe(126)
    expect((await run(script, { executable: true })).stdout).toBe('executed\n')
  })

  it('reject writes to a read-only root file system', async () => {
    await using memory = await openMemory()
    const config = { image: 'busybox', readOnlyRootFilesystem: true, command: ['touch', '/x'] }
    expect(await runToEnd(memory.runtime, config)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Read-only'),
    })
  })
})
