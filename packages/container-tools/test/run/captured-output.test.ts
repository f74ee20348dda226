import { describe, expect, it } from 'vitest'
import { CapturedOutput } from '../../src/run/captured-output.js'

type Part = readonly ['stdout' | 'stderr', string | Uint8Array]

function capture(parts: readonly Part[], { maxBytes = 100, keep = 'start' as 'start' | 'end' } = {}) {
  const output = new CapturedOutput({ maxBytes, keep })
  for (const [source, bytes] of parts) output[source].write(bytes)
  return output
}

describe('CapturedOutput', () => {
  it('keeps the streams apart, and the order of both in `output`', () => {
    const output = capture([
      ['stdout', 'a\n'],
      ['stderr', 'b\n'],
      ['stdout', 'c'],
    ])
    expect(output.toTexts()).toEqual({ stdout: 'a\nc', stderr: 'b\n', output: 'a\nb\nc', isTruncated: false })
    expect(output.toLastLines()).toEqual(['a', 'b', 'c'])
  })

  it('joins a character of which a chunk of the other stream separates the bytes', () => {
    const [first = 0, second = 0] = Buffer.from('é')
    const output = capture([
      ['stdout', Uint8Array.of(first)],
      ['stderr', '!'],
      ['stdout', Uint8Array.of(second)],
    ])
    expect(output.toTexts()).toMatchObject({ stdout: 'é', stderr: '!', output: '!é' })
  })

  it('replaces bytes that are not UTF-8, also at the end', () => {
    expect(capture([['stdout', Uint8Array.of(0xff, 0x61, 0xc3)]]).toTexts().stdout).toBe('\uFFFDa\uFFFD')
  })

  it.each(['start', 'end'] as const)('keeps an output of exactly the limit whole (%s)', (keep) => {
    expect(capture([['stdout', 'abcd']], { maxBytes: 4, keep }).toTexts()).toMatchObject({
      stdout: 'abcd',
      isTruncated: false,
    })
  })

  it('keeps the first bytes, and omits a character that the limit cuts', () => {
    const parts: readonly Part[] = [
      ['stdout', 'ab'],
      ['stderr', 'cé'],
      ['stdout', 'x'],
    ]
    expect(capture(parts, { maxBytes: 4 }).toTexts()).toEqual({
      stdout: 'ab',
      stderr: 'c',
      output: 'abc',
      isTruncated: true,
    })
  })

  it('keeps the last bytes, and omits a character that the limit cuts', () => {
    const parts: readonly Part[] = [
      ['stdout', 'ab'],
      ['stderr', 'éc'],
      ['stdout', 'xy'],
    ]
    expect(capture(parts, { maxBytes: 4, keep: 'end' }).toTexts()).toEqual({
      stdout: 'xy',
      stderr: 'c',
      output: 'cxy',
      isTruncated: true,
    })
  })

  it.each(['start', 'end'] as const)('keeps nothing with a limit of 0 (%s)', (keep) => {
    const output = capture([['stdout', 'a']], { maxBytes: 0, keep })
    expect(output.toTexts()).toEqual({ stdout: '', stderr: '', output: '', isTruncated: true })
    expect(output.toLastLines()).toEqual([])
  })

  it.each([1, 7, 64, 1000])('keeps the last bytes of a long output in chunks of %i bytes', (size) => {
    const text = Array.from({ length: 500 }, (_, line) => `line ${line}\n`).join('')
    const parts: Part[] = []
    for (let from = 0; from < text.length; from += size) {
      parts.push([(from / size) % 2 === 0 ? 'stdout' : 'stderr', text.slice(from, from + size)])
    }
    const { output, stdout, stderr, isTruncated } = capture(parts, { maxBytes: 100, keep: 'end' }).toTexts()
    expect(output).toBe(text.slice(-100))
    expect(stdout.length + stderr.length).toBe(100)
    expect(isTruncated).toBe(true)
  })
})
