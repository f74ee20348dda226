import { describe, expect, test } from 'vitest'
import { type OptionKinds, validatePluginOptions } from '../../src/plugin.js'

interface Options {
  readonly endpoint?: string
  readonly tls?: { readonly directory?: string; readonly verify?: boolean }
  readonly probeTimeoutMs?: number
  readonly retries?: number
  readonly images?: object
  readonly mirrors?: readonly string[]
  readonly find?: () => void
}

const kinds: OptionKinds<Options> = {
  endpoint: 'text',
  tls: { directory: 'text', verify: 'boolean' },
  probeTimeoutMs: 'timeout',
  retries: 'number',
  images: 'object',
  mirrors: 'list',
  find: 'function',
}

const validate = (options: unknown) => validatePluginOptions(options as Options, kinds) // a value of any type is given

describe('validatePluginOptions', () => {
  test('accepts options of their kinds, and undefined for each', () => {
    const tls = { directory: '/certificates', verify: false }
    const values = { endpoint: 'x', probeTimeoutMs: 1, retries: 0, images: {}, mirrors: [], find: () => {} }
    validate({ ...values, tls })
    validate({})
    validate({
      ...Object.fromEntries(Object.keys(values).map((name) => [name, undefined])),
      tls: { verify: undefined },
    })
  })

  test.each([
    [{ enpoint: 'x' }, 'enpoint', 'one of endpoint, tls, probeTimeoutMs, retries, images, mirrors, find'],
    [{ toString: 'x' }, 'toString', 'one of endpoint, tls, probeTimeoutMs, retries, images, mirrors, find'],
    [{ endpoint: 5 }, 'endpoint', 'a string that is not empty'],
    [{ endpoint: '' }, 'endpoint', 'a string that is not empty'],
    [{ tls: true }, 'tls', 'an object'],
    [{ tls: { verfy: true } }, 'tls.verfy', 'one of directory, verify'],
    [{ tls: { verify: 'no' } }, 'tls.verify', 'true or false'],
    [{ probeTimeoutMs: 0 }, 'probeTimeoutMs', /milliseconds above 0/],
    [{ retries: '3' }, 'retries', 'a number'],
    [{ images: [] }, 'images', 'an object'],
    [{ mirrors: 'x' }, 'mirrors', 'an array'],
    [{ find: 'x' }, 'find', 'a function'],
    [[], 'options', 'an object'],
    [null, 'options', 'an object'],
  ])('rejects %j', (options, field, expected) => {
    expect(() => validate(options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        facts: expect.objectContaining({
          field,
          expected: typeof expected === 'string' ? expected : expect.stringMatching(expected),
        }),
      }),
    )
  })
})
