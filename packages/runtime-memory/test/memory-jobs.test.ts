import { Writable } from 'node:stream'
import { isHostError } from '@capstan/core'
import { findUndoFailures } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import type { MemoryFault } from '../src/index.js'
import { listObjects, noObjects, openMemory } from './support/open-memory.js'

const image = 'busybox:latest'

describe('jobs in a simulated engine', () => {
  it('resolves with the exit code after the output, and leaves nothing', async () => {
    await using memory = await openMemory()
    const stdout = collect()
    const stderr = collect()
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 5']
    const result = await memory.jobs.runJob(
      { image, command, labels: { app: 'batch' } },
      { ...streams(stdout, stderr) },
    )
    expect(result).toEqual({ exitCode: 5, nodeId: undefined, taskId: expect.any(String) })
    expect(stdout.text()).toBe('out\n')
    expect(stderr.text()).toBe('err\n')
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it.each(['createContainer', 'startAttached'])('leaves nothing when %s fails', async (operation) => {
    await using memory = await openMemory({ faults: [{ operation }] })
    await expect(memory.jobs.runJob({ image })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { operation },
    })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('rejects when the container cannot be removed, and removes it by the second attempt', async () => {
    await using memory = await openMemory({ faults: [{ operation: 'removeContainer' }] })
    const running = memory.jobs.runJob({ image, command: ['true'] })
    await expect(running).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts: { operation: 'removeContainer' } })
    expect(await listObjects(memory)).toEqual(noObjects)
  })

  it('records the failure of the removal with the error of the job', async () => {
    await using memory = await openMemory({
      faults: [{ operation: 'startAttached' }, { operation: 'removeContainer' }],
    })
    const error: unknown = await memory.jobs.runJob({ image }).catch((reason: unknown) => reason)
    expect(isHostError(error, 'OPERATION_FAILED') && error.facts.operation).toBe('startAttached')
    expect(findUndoFailures(error)).toMatchObject([{ code: 'OPERATION_FAILED' }])
  })

  it.each(['createContainer', 'startAttached', 'removeContainer'])(
    'rejects with the reason of an abort during %s, and leaves nothing',
    async (operation) => {
      const faults: readonly MemoryFault[] = [{ operation, hang: true }]
      await using memory = await openMemory({ faults })
      const abort = new AbortController()
      const reason = new Error('enough')
      setTimeout(() => abort.abort(reason))
      await expect(memory.jobs.runJob({ image, command: ['true'] }, { signal: abort.signal })).rejects.toBe(reason)
      expect(await listObjects(memory)).toEqual(noObjects)
    },
  )

  it('removes a running job when the scope is disposed', async () => {
    await using memory = await openMemory()
    const stdout = collect()
    const started = new Promise((resolve) => stdout.stream.once('written', resolve))
    const command = ['sh', '-c', 'echo started; sleep 60']
    const running = memory.jobs.runJob({ image, command }, { stdout: stdout.stream })
    const rejected = expect(running).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE', undoFailures: [] })
    await started
    const other = await memory.host.open({ runtime: 'memory' })
    await memory.scope[Symbol.asyncDispose]()
    await rejected
    expect(await other.runtime.listContainers()).toEqual([])
    await expect(memory.jobs.runJob({ image })).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('rejects the options of a cluster before it creates a container', async () => {
    await using memory = await openMemory()
    const options = [
      ['job-manager.constraints', { constraints: ['node.role==worker'] }],
      ['job-manager.secrets', { secrets: [{ secretId: 'token', target: '/run/secrets/token' }] }],
      ['job-manager.configs', { configs: [{ configId: 'app', target: '/etc/app' }] }],
    ] as const
    for (const [field, config] of options) {
      const rejection = { code: 'OPTION_UNSUPPORTED', facts: { runtime: 'memory', field } }
      await expect(memory.jobs.runJob({ image, ...config })).rejects.toMatchObject(rejection)
    }
    await expect(memory.jobs.runJob({ image, constraints: [], command: ['true'] })).resolves.toMatchObject({
      exitCode: 0,
    })
    const listed = memory.scope.report.available ? memory.scope.report.unsupportedOptions.map(({ field }) => field) : []
    expect(listed).toEqual(expect.arrayContaining(options.map(([field]) => field)))
  })

  it('rejects with IMAGE_PULL_FAILED for an image that does not exist', async () => {
    await using memory = await openMemory()
    await expect(memory.jobs.runJob({ image: 'missing:1' })).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED' })
  })
})

function collect() {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      stream.emit('written')
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

function streams(stdout: ReturnType<typeof collect>, stderr: ReturnType<typeof collect>) {
  return { stdout: stdout.stream, stderr: stderr.stream }
}
