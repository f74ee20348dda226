import { describe, expect, it } from 'vitest'
import { parseOutputLine } from '../../src/program/output-lines.js'

const step = (kind: string, name: string, status: string) => ({ type: 'step', step: { kind, name, status } })

describe('parseOutputLine', () => {
  it.each([
    ['{"id":"Network p1_default","status":"Creating"}', step('network', 'p1_default', 'Creating')],
    ['{"id":"Volume p1_data","status":"Created"}', step('volume', 'p1_data', 'Created')],
    ['{"id":"Container p1-db-1","status":"Healthy"}', step('container', 'p1-db-1', 'Healthy')],
    ['{"id":"Image busybox:1","status":"Pulling"}', step('image', 'busybox:1', 'Pulling')],
    ['{"id":"a","text":"Pulling"}', step('image', 'a', 'Pulling')],
    ['{"id":"a","status":"Built"}', step('build', 'a', 'Built')],
    [' Network p1_default  Created', step('network', 'p1_default', 'Created')],
    [' Volume "p1_data"  Creating', step('volume', 'p1_data', 'Creating')],
    [' Container p1-web-1  Started', step('container', 'p1-web-1', 'Started')],
    [' a Pulling ', step('image', 'a', 'Pulling')],
    [' a Error Get "http://localhost:1/v2/"', step('image', 'a', 'Error Get "http://localhost:1/v2/"')],
    ['#5 [a 2/2] RUN make', step('build', '[a 2/2] RUN make', 'started')],
  ])('reads the step %s', (line, expected) => {
    expect(parseOutputLine(line)).toEqual(expected)
  })

  it('reads the error of a failed command', () => {
    const line = '{"error":true,"message":"no such service: x"}'
    expect(parseOutputLine(line)).toEqual({ type: 'error', message: 'no such service: x' })
  })

  it('reads the steps and lines that BuildKit reports', () => {
    const vertexes = [
      { name: '[a 1/2] FROM x' },
      { name: '[a 1/2] FROM x', started: 't', completed: 't', cached: true },
      { name: '[a 2/2] RUN y', started: 't', completed: 't', error: 'exit code: 9' },
    ]
    const logs = [{ data: Buffer.from('one\ntwo\n').toString('base64') }]
    expect(parseOutputLine(JSON.stringify({ vertexes, logs }))).toEqual([
      step('build', '[a 1/2] FROM x', 'cached'),
      step('build', '[a 2/2] RUN y', 'failed: exit code: 9'),
      { type: 'text', text: 'one' },
      { type: 'text', text: 'two' },
    ])
  })

  it.each(['plain text', '{not JSON', '[1]', ''])('keeps %j as a text', (line) => {
    expect(parseOutputLine(line)).toEqual({ type: 'text', text: line })
  })
})
