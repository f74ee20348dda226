import type { ExecManager } from '@capstan/core'
import { findUndoFailures } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import { execToEnd } from '../../src/index.js'
import { openMemory } from '../support/open-memory.js'

/** Opens a simulation with a running container. */
async function openWithContainer() {
  const memory = await openMemory()
  const id = await memory.runtime.createContainer({ image: 'busybox', command: ['sleep', '1000'] })
  await memory.runtime.startContainer(id)
  return { ...memory, id }
}

describe('execToEnd', () => {
  it('resolves with the exit code and the output of both streams', async () => {
    await using opened = await openWithContainer()
    const end = await execToEnd(opened.execs, opened.id, ['sh', '-c', 'echo out; echo err >&2; exit 3'])
    expect(end).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', isTruncated: false })
    expect(end.durationMs).toBeGreaterThan(0)
  })

  it('passes input and the options of the process', async () => {
    await using opened = await openWithContainer()
    const options = { input: 'hello', env: { NAME: 'value' }, workingDirectory: '/tmp' }
    const end = await execToEnd(opened.execs, opened.id, ['sh', '-c', 'cat; echo " $NAME"; pwd'], options)
    expect(end.stdout).toBe('hello value\n/tmp\n')
  })

  it('gives the process end-of-file without input', async () => {
    await using opened = await openWithContainer()
    expect(await execToEnd(opened.execs, opened.id, ['cat'])).toMatchObject({ exitCode: 0, output: '' })
  })

  it('ignores input that the process does not read', async () => {
    await using opened = await openWithContainer()
    const end = await execToEnd(opened.execs, opened.id, ['true'], { input: Buffer.alloc(10_000_000) })
    expect(end.exitCode).toBe(0)
  })

  it('resolves with 127 for a command that does not exist', async () => {
    await using opened = await openWithContainer()
    expect((await execToEnd(opened.execs, opened.id, ['no-such-command'])).exitCode).toBe(127)
  })

  it('discards the output after the limit', async () => {
    await using opened = await openWithContainer()
    const end = await execToEnd(opened.execs, opened.id, ['seq', '100000'], { maxOutputBytes: 4 })
    expect(end).toMatchObject({ exitCode: 0, stdout: '1\n2\n', isTruncated: true })
  })

  it('kills the process after the time limit and rejects with TIMED_OUT and its last lines', async () => {
    await using opened = await openWithContainer()
    const { execs, signals } = recordSignals(opened.execs)
    const failed = execToEnd(execs, opened.id, ['sh', '-c', 'echo begun; sleep 1000'], { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject({
      code: 'TIMED_OUT',
      facts: { operation: 'execToEnd', timeoutMs: 200, lastLines: ['begun'] },
      undoFailures: [],
    })
    expect(signals).toEqual(['SIGKILL'])
  })

  it('kills the process after an abort and rejects with its reason', async () => {
    await using opened = await openWithContainer()
    const { execs, signals, started } = recordSignals(opened.execs)
    const aborter = new AbortController()
    const running = execToEnd(execs, opened.id, ['sleep', '1000'], { signal: aborter.signal })
    await started
    const reason = new Error('enough')
    aborter.abort(reason)
    await expect(running).rejects.toBe(reason)
    expect(signals).toEqual(['SIGKILL'])
  })

  it('records it in the error when the runtime cannot kill the process', async () => {
    await using opened = await openWithContainer()
    const { execs } = recordSignals(opened.execs, { isSent: false })
    const error: unknown = await execToEnd(execs, opened.id, ['sleep', '1000'], { timeoutMs: 100 }).catch(
      (each: unknown) => each,
    )
    expect(findUndoFailures(error)).toEqual([
      expect.objectContaining({ code: 'OPERATION_FAILED', facts: expect.objectContaining({ operation: 'kill' }) }),
    ])
  })

  it('rejects with NOT_RUNNING for a container that is not running', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox' })
    await expect(execToEnd(memory.execs, id, ['true'])).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('rejects with INVALID_ARGUMENT for an empty command', async () => {
    await using opened = await openWithContainer()
    await expect(execToEnd(opened.execs, opened.id, [])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

/** Wraps an exec manager and records the signals that its processes get. */
function recordSignals(execs: ExecManager, { isSent = true } = {}) {
  const signals: string[] = []
  let onStart = () => {}
  const started = new Promise<void>((resolve) => (onStart = resolve))
  const recording: ExecManager = {
    exec: async (...parameters) => {
      const child = await execs.exec(...parameters)
      onStart()
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        exitCode: child.exitCode,
        resize: (...size) => child.resize(...size),
        [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
        kill: async (signal = 'SIGTERM', options) => {
          signals.push(signal)
          return (await child.kill(signal, options)) && isSent
        },
      }
    },
  }
  return { execs: recording, signals, started }
}
