import { Readable } from 'node:stream'
import { isHostError } from '@capstan/core'
import { findUndoFailures } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import { runToEnd } from '../../src/index.js'
import { openMemory } from '../support/open-memory.js'

describe('runToEnd', () => {
  it('resolves with the exit code and the output, and removes the container', async () => {
    await using memory = await openMemory()
    const config = { image: 'busybox', command: ['sh', '-c', 'echo out; echo err >&2; exit 3'] }
    const end = await runToEnd(memory.runtime, config)
    expect(end).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', isTruncated: false })
    expect(end.output).toHaveLength(8)
    expect(end.durationMs).toBeGreaterThan(0)
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it.each([
    ['a text', 'one\ntwo\n'],
    ['bytes', Buffer.from('one\ntwo\n')],
    ['a stream', Readable.from([Buffer.from('one\n'), Buffer.from('two\n')])],
  ])('passes %s to stdin', async (_, input) => {
    await using memory = await openMemory()
    const end = await runToEnd(memory.runtime, { image: 'busybox', command: ['wc', '-l'] }, { input })
    expect(end.stdout.trim()).toBe('2')
  })

  it('ends the stdin of an interactive container without input', async () => {
    await using memory = await openMemory()
    const end = await runToEnd(memory.runtime, { image: 'busybox', command: ['cat'], interactive: true })
    expect(end).toMatchObject({ exitCode: 0, output: '' })
  })

  it('discards the output after the limit, and still resolves with the exit code', async () => {
    await using memory = await openMemory()
    const config = { image: 'busybox', command: ['sh', '-c', 'seq 100000; exit 4'] }
    const end = await runToEnd(memory.runtime, config, { maxOutputBytes: 4 })
    expect(end).toMatchObject({ exitCode: 4, stdout: '1\n2\n', isTruncated: true })
  })

  it('keeps the end of the output with `keep: end`', async () => {
    await using memory = await openMemory()
    const config = { image: 'busybox', command: ['seq', '100000'] }
    const end = await runToEnd(memory.runtime, config, { maxOutputBytes: 7, keep: 'end' })
    expect(end).toMatchObject({ stdout: '100000\n', isTruncated: true })
  })

  it('rejects with TIMED_OUT and the last lines after the time limit, and removes the container', async () => {
    await using memory = await openMemory()
    const config = { image: 'busybox', command: ['sh', '-c', 'echo begun; sleep 1000'] }
    const failed = runToEnd(memory.runtime, config, { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { operation: 'runToEnd', timeoutMs: 200, lastLines: ['begun'], option: 'timeoutMs' },
    })
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('rejects with the reason of an abort, and removes the container', async () => {
    await using memory = await openMemory()
    const aborter = new AbortController()
    const running = runToEnd(
      memory.runtime,
      { image: 'busybox', command: ['sleep', '1000'] },
      { signal: aborter.signal },
    )
    await expect.poll(async () => (await memory.runtime.listContainers())[0]?.state).toBe('running')
    const reason = new Error('enough')
    aborter.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect(findUndoFailures(reason)).toEqual([])
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('removes the container when its command cannot be started', async () => {
    await using memory = await openMemory()
    const failed = runToEnd(memory.runtime, { image: 'busybox', command: ['no-such-command'] })
    await expect(failed).rejects.toMatchObject({ code: 'COMMAND_NOT_STARTED', facts: { exitCode: 127 } })
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('rejects with the failure when the container of a successful run cannot be removed', async () => {
    await using memory = await openMemory({
      faults: [{ operation: 'removeContainer', error: new Error('no removal') }],
    })
    const failed = runToEnd(memory.runtime, { image: 'busybox', command: ['true'] })
    await expect(failed).rejects.toThrow('no removal')
  })

  it('records a failed removal in the error of a failed run', async () => {
    await using memory = await openMemory({
      faults: [{ operation: 'removeContainer', error: new Error('no removal') }],
    })
    const error: unknown = await runToEnd(memory.runtime, { image: 'busybox', command: ['no-such-command'] }).catch(
      (each: unknown) => each,
    )
    expect(isHostError(error, 'COMMAND_NOT_STARTED')).toBe(true)
    expect(findUndoFailures(error).map(String).join()).toContain('no removal')
  })

  it.each([
    ['maxOutputBytes', { maxOutputBytes: -1 }],
    ['maxOutputBytes', { maxOutputBytes: 2 ** 40 }],
    ['timeoutMs', { timeoutMs: 0 }],
  ] as const)(
    'rejects with INVALID_ARGUMENT for an invalid %s, before it creates a container',
    async (field, options) => {
      await using memory = await openMemory({ faults: [{ operation: 'createContainer', error: new Error('created') }] })
      const failed = runToEnd(memory.runtime, { image: 'busybox' }, options)
      await expect(failed).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field } })
    },
  )

  it('rejects with INVALID_ARGUMENT for an unknown value of `keep`', async () => {
    await using memory = await openMemory()
    // @ts-expect-error: a caller without types can pass it
    const failed = runToEnd(memory.runtime, { image: 'busybox' }, { keep: 'middle' })
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', facts: { field: 'keep' } })
  })
})
