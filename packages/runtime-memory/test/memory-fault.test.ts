import { createHostError } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import type { MemoryFault } from '../src/index.js'
import { listObjects, noObjects, openMemory } from './support/open-memory.js'

describe('an injected fault', () => {
  it('fails one call with its error, and not the next', async () => {
    const error = createHostError('CONNECTION_LOST', { endpoint: 'x', lastTimestamp: undefined })
    await using memory = await openMemory({ faults: [{ operation: 'createNetwork', error }] })
    await expect(memory.networks.createNetwork('n')).rejects.toBe(error)
    expect(await listObjects(memory)).toEqual(noObjects)
    await memory.networks.createNetwork('n')
  })

  it('has a default error', async () => {
    await using memory = await openMemory({ faults: [{ operation: 'ping' }] })
    await expect(memory.runtime.ping()).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation: 'ping', reason: 'a fault that the option `faults` injects' },
    })
  })

  it('applies `times` times, then the next fault applies', async () => {
    const faults: MemoryFault[] = [
      { operation: 'ping', times: 2, error: new Error('first') },
      { operation: 'ping', error: new Error('second') },
    ]
    await using memory = await openMemory({ faults })
    for (const message of ['first', 'first', 'second']) await expect(memory.runtime.ping()).rejects.toThrow(message)
    await memory.runtime.ping()
  })

  it('can be added while the runtime is open', async () => {
    const faults: MemoryFault[] = []
    await using memory = await openMemory({ faults })
    await memory.runtime.ping()
    faults.push({ operation: 'ping', times: Number.POSITIVE_INFINITY })
    for (let round = 0; round < 3; round += 1)
      await expect(memory.runtime.ping()).rejects.toThrow('option `faults` injects')
  })

  it('delays, and fails only with an error', async () => {
    const faults: MemoryFault[] = [
      { operation: 'ping', delayMs: 1 },
      { operation: 'ping', delayMs: 1, error: new Error('late') },
    ]
    await using memory = await openMemory({ faults })
    await memory.runtime.ping()
    await expect(memory.runtime.ping()).rejects.toThrow('late')
  })

  it('lets the operation take effect before it fails with `after`', async () => {
    const faults: MemoryFault[] = [
      { operation: 'createNetwork', after: true },
      { operation: 'createContainer', after: true },
    ]
    await using memory = await openMemory({ faults })
    await expect(memory.networks.createNetwork('n')).rejects.toThrow('option `faults` injects')
    await expect(memory.runtime.createContainer({ image: 'busybox', name: 'c' })).rejects.toThrow(
      'option `faults` injects',
    )
    expect(await listObjects(memory)).toMatchObject({ networks: ['n'], containers: ['c created'] })
  })

  it.each([false, true])(
    'hangs until the signal aborts, and then has created nothing (after the effect: %s)',
    async (after) => {
      await using memory = await openMemory({ faults: [{ operation: 'createNetwork', hang: true, after }] })
      const abort = new AbortController()
      const reason = new Error('enough')
      const creating = memory.networks.createNetwork('n', { signal: abort.signal })
      await new Promise((resolve) => setImmediate(resolve))
      abort.abort(reason)
      await expect(creating).rejects.toBe(reason)
      expect(await listObjects(memory)).toEqual(noObjects)
    },
  )

  it('applies to the operations of an exec process', async () => {
    const faults: MemoryFault[] = [{ operation: 'kill' }, { operation: 'resize' }]
    await using memory = await openMemory({ faults })
    const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sleep', '100'] })
    await memory.runtime.startContainer(id)
    const process = await memory.exec.exec(id, ['sleep', '100'], { tty: true })
    await expect(process.kill()).rejects.toThrow('option `faults` injects')
    await expect(process.resize({ height: 1, width: 1 })).rejects.toThrow('option `faults` injects')
  })

  it('rejects the first read of a log stream', async () => {
    await using memory = await openMemory({ faults: [{ operation: 'containerLogs', error: new Error('no log') }] })
    const id = await memory.runtime.createContainer({ image: 'busybox' })
    const stream = await memory.runtime.containerLogs(id)
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toThrow('no log')
  })
})
