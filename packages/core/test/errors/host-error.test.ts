import { describe, expect, it } from 'vitest'
import { isHostError } from '../../src/index.js'
import { createHostError, findUndoFailures, withUndoFailures } from '../../src/plugin.js'

const gone = createHostError('CONTAINER_NOT_FOUND', { id: 'c1' })

describe('isHostError', () => {
  it('is true for a host error, and for one of the given code', () => {
    expect(isHostError(gone)).toBe(true)
    expect(isHostError(gone, 'CONTAINER_NOT_FOUND')).toBe(true)
    expect(isHostError(gone, 'IMAGE_NOT_FOUND')).toBe(false)
  })

  it.each([undefined, null, 'CONTAINER_NOT_FOUND', new Error('x'), { code: 'CONTAINER_NOT_FOUND' }])(
    'is false for %s',
    (value) => {
      expect(isHostError(value)).toBe(false)
    },
  )
})

it('the brand of an error has a fixed name, by which other copies and versions of core recognize it', () => {
  expect(Symbol.for('capstan/HostError@1') in gone).toBe(true)
})

it.each([gone, createHostError('RUNTIME_UNAVAILABLE', { runtime: 'x', reports: [] })])(
  'the stack of an error begins with its sentence, then where it was made: %s',
  ({ name, message, stack = '' }) => {
    const [sentence, place] = stack.split('\n    at ')
    expect(sentence).toBe(`${name}: ${message}`)
    expect(place).toContain('host-error.test.ts')
  },
)

describe('withUndoFailures', () => {
  it('appends to earlier undo failures', () => {
    const error = createHostError('IMAGE_NOT_FOUND', { image: 'x' }, { undoFailures: ['first'] })
    withUndoFailures(error, ['second'])
    expect(error.undoFailures).toEqual(['first', 'second'])
  })

  it('returns the first failure with the undo failures', () => {
    const first = createHostError('IMAGE_NOT_FOUND', { image: 'x' })
    const failure = new Error('network in use')
    expect(withUndoFailures(first, [failure])).toBe(first)
    expect(first.undoFailures).toEqual([failure])
  })

  it('does not change the reason of an abort', () => {
    const reason = new Error('aborted')
    expect(withUndoFailures(reason, [new Error('x')])).toBe(reason)
    expect(reason).not.toHaveProperty('undoFailures')
  })

  it('records the undo failures of an abort, which findUndoFailures returns', () => {
    const reason = new Error('aborted')
    withUndoFailures(reason, ['first'])
    expect(findUndoFailures(withUndoFailures(reason, ['second']))).toEqual(['first', 'second'])
    expect(findUndoFailures(createHostError('IMAGE_NOT_FOUND', { image: 'x' }, { undoFailures: ['third'] }))).toEqual([
      'third',
    ])
    expect([undefined, null, 'text', new Error('x')].map(findUndoFailures)).toEqual([[], [], [], []])
  })
})
