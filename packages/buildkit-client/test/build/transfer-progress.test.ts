import { describe, expect, it } from 'vitest'
import type { BuildProgressEvent } from '../../src/build/build-progress-event.js'
import { TransferProgress } from '../../src/build/transfer-progress.js'

type Transfer = Extract<BuildProgressEvent, { type: 'transfer' }>

/** Creates a transfer whose timer is controlled by the test. */
function createTransfer(id: Transfer['id'] = 'context') {
  const events: Transfer[] = []
  const timer = { tick: () => {}, isStopped: false }
  const transfer = new TransferProgress({
    id,
    onEvents: (some) => events.push(...some.filter((event) => event.type === 'transfer')),
    every: (_, act) => {
      timer.tick = () => timer.isStopped || act()
      return () => {
        timer.isStopped = true
      }
    },
  })
  return { transfer, timer, events, sent: () => events.map(({ currentBytes }) => currentBytes) }
}

async function* give(...sizes: readonly number[]) {
  for (const size of sizes) yield new Uint8Array(size)
}

describe('TransferProgress', () => {
  it('emits the bytes sent, the total, and the end', async () => {
    const { transfer, timer, events } = createTransfer()
    transfer.totalBytes = 30
    for await (const _ of transfer.countBytes(give(10, 20))) timer.tick()
    transfer.finish()
    expect(events).toMatchObject([
      { type: 'transfer', id: 'context', currentBytes: 0, totalBytes: 30, isDone: false },
      { currentBytes: 10, totalBytes: 30, isDone: false },
      { currentBytes: 30, totalBytes: 30, isDone: true },
    ])
  })

  it('emits nothing when the transfer ends before the first event is due', async () => {
    const { transfer, timer, events } = createTransfer()
    for await (const _ of transfer.countBytes(give(10, 20)));
    transfer.finish()
    timer.tick()
    expect(events).toEqual([])
  })

  it('emits nothing while no bytes are sent, and no end of an interrupted transfer', async () => {
    const { transfer, timer, sent } = createTransfer()
    for await (const _ of transfer.countBytes(give(10))) {
      timer.tick()
      timer.tick()
    }
    transfer[Symbol.dispose]()
    timer.tick()
    expect(sent()).toEqual([0])
  })

  it('emits nothing before the first byte', async () => {
    const { transfer, timer, events } = createTransfer('result')
    const nothingYet = async function* () {
      timer.tick()
      yield* give()
    }
    for await (const _ of transfer.countBytes(nothingYet()));
    transfer.finish()
    expect(events).toEqual([])
  })

  it('raises a total that is too small, and reports none when the size is unknown', async () => {
    const small = createTransfer()
    small.transfer.totalBytes = 5
    for await (const _ of small.transfer.countBytes(give(10, 10))) small.timer.tick()
    expect(small.events.at(-1)).toMatchObject({ currentBytes: 10, totalBytes: 10 })
    const unknown = createTransfer('result')
    for await (const _ of unknown.transfer.countBytes(give(10))) unknown.timer.tick()
    unknown.transfer.finish()
    expect(unknown.events.at(-1)).toMatchObject({ id: 'result', currentBytes: 10, totalBytes: undefined, isDone: true })
  })
})
