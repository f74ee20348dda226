import { createRuntimeHost, jobManagerCapability, requireCapabilities } from '@capstan/core'
import { type MemoryProgram, memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { type JobOutcome, runJobs } from '../../src/index.js'

const image = 'busybox'

describe('runJobs', () => {
  it('yields the result of each job when it ends, with its index and output', async () => {
    await using memory = await openMemory()
    const gate = createGate()
    const first = memory.program('first', async () => {
      await gate.opened
      return 1
    })
    const outcomes = runJobs(memory.jobs, [
      { image, command: first },
      { image, command: ['echo', 'second'] },
    ])
    const second = await outcomes.next()
    gate.open()
    expect(second.value).toMatchObject({ index: 1, result: { exitCode: 0, stdout: 'second\n', output: 'second\n' } })
    expect((await outcomes.next()).value).toMatchObject({ index: 0, result: { exitCode: 1, nodeId: undefined } })
    expect(await outcomes.next()).toEqual({ done: true, value: undefined })
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('runs at most `concurrency` jobs at a time, and all of that number at once', async () => {
    await using memory = await openMemory()
    let running = 0
    const seen: number[] = []
    const gate = createGate()
    const counter = memory.program('counter', async () => {
      running += 1
      seen.push(running)
      if (running === 3) gate.open()
      await gate.opened
      running -= 1
      return 0
    })
    const configs = Array.from({ length: 20 }, () => ({ image, command: counter }))
    const outcomes = await readAll(runJobs(memory.jobs, configs, { concurrency: 3 }))
    expect(outcomes.map(({ index }) => index).sort((a, b) => a - b)).toEqual(configs.map((_, index) => index))
    expect(Math.max(...seen)).toBe(3)
  })

  it('yields the error of a job, and runs the others', async () => {
    await using memory = await openMemory()
    const configs = [{ image: 'missing:1' }, { image, tty: true }, { image, command: ['true'] }]
    const outcomes = await readAll(runJobs(memory.jobs, configs, { concurrency: 1 }))
    expect(outcomes).toMatchObject([
      { index: 0, config: configs[0], error: { code: 'IMAGE_PULL_FAILED' } },
      { index: 1, error: { code: 'INVALID_ARGUMENT', facts: { field: 'tty' } } },
      { index: 2, result: { exitCode: 0 } },
    ])
  })

  it('limits the time and the output of each job', async () => {
    await using memory = await openMemory()
    const configs = [
      { image, command: ['sh', '-c', 'echo begun; sleep 1000'] },
      { image, command: ['seq', '1000'] },
    ]
    const outcomes = await readAll(runJobs(memory.jobs, configs, { timeoutMs: 300, maxOutputBytes: 6, concurrency: 2 }))
    expect(outcomes.toSorted((a, b) => a.index - b.index)).toMatchObject([
      { error: { code: 'TIMED_OUT', facts: { operation: 'runJobs', lastLines: ['begun'], option: 'timeoutMs' } } },
      { result: { stdout: '1\n2\n3\n', isTruncated: true } },
    ])
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('throws the reason of an abort when all running jobs are removed', async () => {
    await using memory = await openMemory()
    const abort = new AbortController()
    const gate = createGate()
    let running = 0
    const waiter = memory.program('waiter', async () => {
      running += 1
      if (running === 2) gate.open()
      await new Promise(() => {})
      return 0
    })
    const configs = Array.from({ length: 5 }, () => ({ image, command: waiter }))
    const read = readAll(runJobs(memory.jobs, configs, { concurrency: 2, signal: abort.signal }))
    const reason = new Error('enough')
    await gate.opened
    abort.abort(reason)
    await expect(read).rejects.toBe(reason)
    expect(running).toBe(2)
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('removes the running jobs when the loop is left, and reads no further config', async () => {
    await using memory = await openMemory()
    let read = 0
    let isReturned = false
    function* generate() {
      try {
        for (;;) {
          read += 1
          yield { image, command: read === 2 ? ['true'] : ['sleep', '1000'] }
        }
      } finally {
        isReturned = true
      }
    }
    for await (const { index } of runJobs(memory.jobs, generate(), { concurrency: 2 })) {
      expect(index).toBe(1)
      break
    }
    expect({ read, isReturned }).toEqual({ read: 2, isReturned: true })
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('removes the running jobs when the list of configs throws', async () => {
    await using memory = await openMemory()
    const failure = new Error('no more')
    function* generate() {
      yield { image, command: ['sleep', '1000'] }
      throw failure
    }
    await expect(readAll(runJobs(memory.jobs, generate()))).rejects.toBe(failure)
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it.each([
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['keep', { keep: 'middle' as 'end' }],
  ])('throws INVALID_ARGUMENT at once for an invalid %s', async (field, options) => {
    await using memory = await openMemory()
    const expected = expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining({ field }) })
    expect(() => runJobs(memory.jobs, [], options)).toThrow(expected)
  })

  it.each([[null], [7], ['abc']])('throws INVALID_ARGUMENT at once for %j in place of the configs', async (configs) => {
    await using memory = await openMemory()
    const expected = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      facts: expect.objectContaining({ field: 'configs' }),
    })
    expect(() => runJobs(memory.jobs, configs as never)).toThrow(expected)
  })

  it('yields nothing for an empty list', async () => {
    await using memory = await openMemory()
    expect(await readAll(runJobs(memory.jobs, []))).toEqual([])
  })
})

/** Opens a simulation whose image has the commands that the test adds by `program`. */
async function openMemory() {
  const commands: Record<string, MemoryProgram> = {}
  const named: MemoryProgram = (process) => commands[process.argv[1] ?? '']?.(process) ?? Promise.resolve(127)
  const host = createRuntimeHost({ plugins: [memoryPlugin({ commands: { named } })], env: {} })
  const scope = await host.open({ runtime: 'memory' })
  const { jobs } = requireCapabilities(scope, { jobs: jobManagerCapability })
  return {
    jobs,
    runtime: scope.runtime,
    /** Adds a program and returns its command line. */
    program: (name: string, run: () => Promise<number>): readonly string[] => {
      commands[name] = run
      return ['named', name]
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

function createGate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

async function readAll(outcomes: AsyncIterable<JobOutcome>): Promise<readonly JobOutcome[]> {
  const all: JobOutcome[] = []
  for await (const outcome of outcomes) all.push(outcome)
  return all
}
