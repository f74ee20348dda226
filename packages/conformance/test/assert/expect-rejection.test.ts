import { createHostError } from '@capstan/core/plugin'
import { describe, expect, test } from 'vitest'
import { expectAnyHostError, expectHostError, expectReason } from '../../src/assert/expect-rejection.js'

const missing = createHostError('CONTAINER_NOT_FOUND', { id: 'c1' })

describe('expectHostError', () => {
  test('resolves with the error when code and facts match', async () => {
    await expect(expectHostError('CONTAINER_NOT_FOUND', () => Promise.reject(missing), { id: 'c1' })).resolves.toBe(
      missing,
    )
  })

  test.each([
    ['a call that resolves', () => Promise.resolve(7), 'it resolves with 7'],
    ['another code', () => Promise.reject(createHostError('VOLUME_NOT_FOUND', { name: 'v' })), 'VOLUME_NOT_FOUND'],
    ['an error of another kind', () => Promise.reject(new TypeError('foreign')), 'TypeError: foreign'],
    ['other facts', () => Promise.reject(createHostError('CONTAINER_NOT_FOUND', { id: 'c2' })), "id 'c2'"],
  ])('fails for %s and reports the observed result', async (_, call, seen) => {
    const checking = expectHostError('CONTAINER_NOT_FOUND', call, { id: 'c1' })
    await expect(checking).rejects.toMatchObject({ name: 'ConformanceFailure', seen: expect.stringContaining(seen) })
  })

  test('fails for a call that throws instead of rejecting', async () => {
    const call = () => {
      throw missing
    }
    await expect(expectHostError('CONTAINER_NOT_FOUND', call)).rejects.toMatchObject({ name: 'ConformanceFailure' })
  })
})

test('expectAnyHostError accepts only the given codes', async () => {
  const call = () => Promise.reject(missing)
  await expect(expectAnyHostError(call, ['IN_USE', 'CONTAINER_NOT_FOUND'])).resolves.toBe(missing)
  await expect(expectAnyHostError(call, ['IN_USE'])).rejects.toMatchObject({ name: 'ConformanceFailure' })
})

test('expectReason accepts the reason itself and no equal error', async () => {
  const reason = new Error('stop')
  await expect(expectReason(reason, () => Promise.reject(reason))).resolves.toBeUndefined()
  const copy = new Error('stop')
  await expect(expectReason(reason, () => Promise.reject(copy))).rejects.toMatchObject({ name: 'ConformanceFailure' })
})
