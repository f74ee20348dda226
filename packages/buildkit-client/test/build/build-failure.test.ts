import { describe, expect, it } from 'vitest'
import { FailureLog } from '../../src/build/build-failure.js'
import type { BuildProgressEvent } from '../../src/build/build-progress-event.js'
import { Redactor } from '../../src/build/redactor.js'

describe('the last lines of a failed build', () => {
  it('have characters that are split between two events of one stream', () => {
    const [start, end] = [Buffer.from('größe').subarray(0, 3), Buffer.from('größe').subarray(3)]
    const log = new FailureLog()
    log.push([
      failedStep,
      { ...output, stream: 'stdout', bytes: start },
      { ...output, stream: 'stderr', bytes: Buffer.from('|') },
      { ...output, stream: 'stdout', bytes: end },
    ])
    expect(log.toError(new Error('it failed'), new Redactor({})).facts.lastLines).toEqual(['gr|öße', 'it failed'])
  })
})

const at = new Date(0)
const failedStep: BuildProgressEvent = {
  type: 'step',
  id: 'one',
  name: '[1/1] RUN make',
  state: 'failed',
  error: '',
  at,
}
const output = { type: 'log', stepId: 'one', at } as const
