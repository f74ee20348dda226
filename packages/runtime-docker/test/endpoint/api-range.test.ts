import { describe, expect, test } from 'vitest'
import { ApiRangeError, checkApiRange, readPinnedVersion } from '../../src/endpoint/api-range.js'
import { compareVersions, negotiateApiVersion } from '../../src/engine/api-version.js'

const variable = 'DOCKER_API_VERSION'
const ranges = { pinned: false, oldest: '1.12' }

describe('API versions', () => {
  test('compares 1.9 as older than 1.10', () => {
    expect(compareVersions('1.9', '1.10')).toBeLessThan(0)
  })

  test.each([
    ['1.41', '1.41'],
    ['1.45', '1.45'],
    ['1.52', '1.52'],
    ['1.99', '1.52'],
  ])('negotiates with an engine of version %s the version %s', (newest, version) => {
    expect(negotiateApiVersion(newest)).toBe(version)
  })

  test('rejects an engine that is too old or too new, with both ranges', () => {
    const old = { ...ranges, version: '1.40', newest: '1.40' }
    expect(() => checkApiRange(old, '1.41')).toThrow(/too old: .* 1\.12 to 1\.40, Capstan 1\.41 to 1\.52/)
    const young = { ...ranges, version: '1.52', newest: '1.60', oldest: '1.55' }
    expect(() => checkApiRange(young, '1.41')).toThrow(/too new: .* 1\.55 to 1\.60/)
  })

  test('accepts an older engine when the plugin supports it', () => {
    expect(() => checkApiRange({ ...ranges, version: '1.40', newest: '1.40' }, '1.40')).not.toThrow()
  })

  test.each(['1.30', '1.53'])('rejects a pinned version out of range: %s', (version) => {
    expect(() => checkApiRange({ ...ranges, version, newest: '1.60', pinned: true }, '1.41')).toThrow(ApiRangeError)
  })

  test('reads a pinned version from DOCKER_API_VERSION, ignores an empty one, and rejects an invalid one', () => {
    expect(readPinnedVersion({ DOCKER_API_VERSION: 'v1.43' }, variable)).toBe('1.43')
    expect(readPinnedVersion({ DOCKER_API_VERSION: '' }, variable)).toBeUndefined()
    expect(() => readPinnedVersion({ DOCKER_API_VERSION: '1.43/../..' }, variable)).toThrow(ApiRangeError)
  })
})
