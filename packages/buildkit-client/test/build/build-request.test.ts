import { describe, expect, it } from 'vitest'
import { type BuildRequest, validateBuildRequest } from '../../src/build/build-request.js'

describe('validateBuildRequest', () => {
  it.each([
    {
      text: 'type=local,token=hunter22',
      facts: { field: 'cacheTo[0]', expected: 'a text such as "type=local,dest=DIRECTORY"', given: '"type=local"' },
    },
    {
      text: 'secret_access_key=hunter22,type=s3',
      facts: { field: 'cacheTo[0]', expected: 'a text such as "type=registry,ref=…"', given: 'another value' },
    },
    {
      text: 'type=local,dest=/cache,digest=abc',
      facts: { field: 'cacheTo[0]', expected: 'a text with "digest=sha256:" and 64 digits', given: '"abc"' },
    },
  ])('rejects the cache $text with INVALID_ARGUMENT, and shows no value that can be a secret', ({ text, facts }) => {
    const request: BuildRequest = { context: { files: {} }, output: { type: 'cache-only' }, cacheTo: [text] }
    expect(() => validateBuildRequest(request)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', facts }))
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
