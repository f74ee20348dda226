import { describe, expect, it } from 'vitest'
import { type BuildRequest, validateBuildRequest } from '../../src/build/build-request.js'

describe('validateBuildRequest', () => {
  it.each([
    {
      title: 'a local cache without a directory',
      cache: { type: 'local', token: 'hunter22' },
      facts: { field: 'cacheTo[0].dest', expected: 'the path of a directory', given: 'nothing' },
    },
    {
      title: 'a cache in a registry without a reference',
      cache: { type: 'registry', token: 'hunter22' },
      facts: { field: 'cacheTo[0].ref', given: 'nothing' },
    },
    {
      title: 'a text',
      cache: 'type=s3,secret_access_key=hunter22',
      facts: { field: 'cacheTo[0]', given: 'another value' },
    },
    {
      title: 'an attribute that is not a text',
      cache: { type: 's3', secret_access_key: ['hunter22'] },
      facts: { field: 'cacheTo[0].secret_access_key', expected: 'a text', given: 'another value' },
    },
    {
      title: 'a local cache with an invalid digest',
      cache: { type: 'local', dest: '/cache', digest: 'abc' },
      facts: { field: 'cacheTo[0].digest', expected: '"sha256:" and 64 digits', given: '"abc"' },
    },
  ])('rejects $title with INVALID_ARGUMENT, and shows no value that can be a secret', ({ cache, facts }) => {
    const request = { context: { files: {} }, output: { type: 'cache-only' }, cacheTo: [cache] }
    const validate = () => validateBuildRequest(request as BuildRequest) // a caller without types
    expect(validate).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', facts: expect.objectContaining(facts) }),
    )
    expect(validate).not.toThrow(/hunter22/)
  })

  it('hides the password of an invalid URL, also one with a space', () => {
    const url = 'https://user:hunter 22@host/app.git'
    const output = { type: 'cache-only' } as const
    const given = '"https://user:***@host/app.git"'
    for (const request of [{ context: { url } }, { context: { files: {} }, namedContexts: { base: url } }]) {
      const facts = expect.objectContaining({ given })
      expect(() => validateBuildRequest({ ...request, output })).toThrow(expect.objectContaining({ facts }))
    }
  })
})
