import type { ProgressEvent } from '@capstan/core'
import { untilAborted } from '@capstan/core/plugin'
import { describe, expect, it } from 'vitest'
import { iterateProgress, type ProgressOptions } from '../../src/index.js'

type Options = ProgressOptions<ProgressEvent>

const readAll = async (events: AsyncIterable<ProgressEvent>) => {
  const ids: string[] = []
  for await (const { id } of events) ids.push(id)
  return ids
}
/** An operation that reports events, each in a turn of its own, and then settles. */
const report =
  (ids: readonly string[], end: () => string = () => 'done') =>
  async ({ onProgress }: Options) => {
    for (const id of ids) {
      onProgress({ id, status: 'Started' })
      await Promise.resolve()
    }
    return end()
  }
const never = ({ signal }: Options) => untilAborted(new Promise<string>(() => {}), signal)

describe('iterateProgress', () => {
  it('yields the events in order, ends with the operation, and has its result', async () => {
    const progress = iterateProgress(report(['a', 'b', 'a']))
    expect(await readAll(progress)).toEqual(['a', 'b', 'a'])
    expect(await progress.result).toBe('done')
  })

  it('needs no iteration for the result', async () => {
    expect(await iterateProgress(report(['a'])).result).toBe('done')
  })

  it('rejects with the error of the operation after the events that are left', async () => {
    const failure = new Error('no')
    const progress = iterateProgress(
      report(['a', 'b'], () => {
        throw failure
      }),
    )
    await expect(progress.result).rejects.toBe(failure)
    const ids: string[] = []
    const reading = (async () => {
      for await (const { id } of progress) ids.push(id)
    })()
    await expect(reading).rejects.toBe(failure)
    expect(ids).toEqual(['a', 'b'])
  })

  it('aborts the operation and waits for its end when the loop is left', async () => {
    let hasEnded = false
    const progress = iterateProgress(async (options: Options) => {
      options.onProgress({ id: 'a', status: 'Started' })
      return await never(options).finally(() => {
        hasEnded = true
      })
    })
    for await (const _ of progress) break
    expect(hasEnded).toBe(true)
    await expect(progress.result).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('aborts the operation when it is disposed of, also without an iteration', async () => {
    const progress = iterateProgress(never)
    await progress[Symbol.asyncDispose]()
    await expect(progress.result).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('rejects with the reason of an aborted signal', async () => {
    const controller = new AbortController()
    const progress = iterateProgress(never, controller)
    const reason = new Error('no longer needed')
    const reading = readAll(progress)
    controller.abort(reason)
    await expect(reading).rejects.toBe(reason)
    await expect(progress.result).rejects.toBe(reason)
  })

  it('rejects with the error that start throws', async () => {
    const failure = new Error('invalid')
    const progress = iterateProgress((): Promise<string> => {
      throw failure
    })
    await expect(progress.result).rejects.toBe(failure)
    await expect(readAll(progress)).rejects.toBe(failure)
  })

  it('keeps 1000 events: a further one replaces that of the same part, or else the oldest', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => String(index))
    const progress = iterateProgress(report([...ids, '5', 'new']))
    await progress.result
    expect(await readAll(progress)).toEqual([...ids.filter((id) => id !== '5' && id !== '0'), '5', 'new'])
  })
})
