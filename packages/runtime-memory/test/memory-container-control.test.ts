import { text } from 'node:stream/consumers'
import type { ContainerControl, Runtime } from '@capstan/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { openMemory } from './support/open-memory.js'

let runtime: Runtime
let control: ContainerControl
let start: (command: readonly string[]) => Promise<string>

beforeEach(async () => {
  const opened = await openMemory()
  runtime = opened.runtime
  control = opened.control
  start = async (command) => {
    const id = await runtime.createContainer({ image: 'busybox', command })
    await runtime.startContainer(id)
    return id
  }
})

describe('MemoryContainerControl', () => {
  it('ends a program by a signal with 128 plus its number, and ignores signals that a kernel ignores', async () => {
    const id = await start(['sleep', '1000'])
    await control.killContainer(id, 'WINCH')
    expect(await runtime.containerState(id)).toBe('running')
    await control.killContainer(id, 'HUP')
    expect(await runtime.waitContainer(id)).toBe(129)
  })

  it('quotes an unknown signal, as the other runtimes do', async () => {
    const id = await start(['sleep', '1000'])
    const facts = { field: 'signal', given: '"SIGNOPE"' }
    await expect(control.killContainer(id, 'SIGNOPE')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts })
  })

  it('holds back the end of a paused container', async () => {
    const id = await start(['sh', '-c', 'exit 3'])
    await control.pauseContainer(id)
    const exit = runtime.waitContainer(id)
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(await runtime.containerState(id)).toBe('paused')
    await control.unpauseContainer(id)
    expect(await exit).toBe(3)
  })

  it('shows changed limits to running programs', async () => {
    const opened = await openMemory()
    const id = await opened.runtime.createContainer({ image: 'busybox', command: ['sleep', '1000'], pidsLimit: 10 })
    await opened.runtime.startContainer(id)
    await opened.control.updateContainer(id, { memoryBytes: 1_048_576 })
    const read = await opened.exec.exec(id, ['cat', '/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/pids.max'])
    expect(await text(read.stdout)).toBe('1048576\n10\n')
  })

  it('keeps a limit for which an update has undefined', async () => {
    const opened = await openMemory()
    const id = await opened.runtime.createContainer({ image: 'busybox', command: ['sleep', '1000'], pidsLimit: 10 })
    await opened.runtime.startContainer(id)
    // Programs in JavaScript can pass `undefined`.
    const update = { memoryBytes: 1_048_576, pidsLimit: undefined } as { readonly memoryBytes: number }
    await opened.control.updateContainer(id, update)
    const read = await opened.exec.exec(id, ['cat', '/sys/fs/cgroup/pids.max'])
    expect(await text(read.stdout)).toBe('10\n')
  })

  it('undoes a rename and an update that are aborted', async () => {
    const faults = ['renameContainer', 'updateContainer'].map((operation) => ({ operation, hang: true, after: true }))
    const opened = await openMemory({ faults })
    const id = await opened.runtime.createContainer({ image: 'busybox', name: 'first', pidsLimit: 10 })
    const calls: readonly ((options: { readonly signal: AbortSignal }) => Promise<void>)[] = [
      (options) => opened.control.renameContainer(id, 'second', options),
      (options) => opened.control.updateContainer(id, { pidsLimit: 20 }, options),
    ]
    for (const call of calls) {
      const controller = new AbortController()
      const reason = new Error('enough')
      const calling = call({ signal: controller.signal })
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      await expect(calling).rejects.toBe(reason)
    }
    expect((await opened.runtime.inspectContainer(id)).name).toBe('first')
    await opened.runtime.startContainer(id)
    const read = await opened.exec.exec(id, ['cat', '/sys/fs/cgroup/pids.max'])
    expect(await text(read.stdout)).toBe('10\n')
  })

  it('rejects unsupported options and unsupported limits by name', async () => {
    const { control: limited } = await openMemory({ unsupportedOptions: ['container-control.pause', 'pidsLimit'] })
    await expect(limited.pauseContainer('any')).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'container-control.pause' },
    })
    await expect(limited.updateContainer('any', { pidsLimit: 1 })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'pidsLimit' },
    })
  })

  it('lists the init process and the program under it', async () => {
    const id = await runtime.createContainer({ image: 'busybox', command: ['sleep', '1000'], init: true, user: 'app' })
    await runtime.startContainer(id)
    expect(await control.listProcesses(id)).toEqual([
      { pid: 1, parentPid: 0, user: 'root', command: '/sbin/init' },
      { pid: 2, parentPid: 1, user: 'app', command: 'sleep 1000' },
    ])
  })
})
