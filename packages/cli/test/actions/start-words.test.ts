import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { StartWords, toStartError } from '../../src/actions/start-words.js'

const failure = (rest: string) =>
  `OCI runtime exec failed: exec failed: unable to start container process: ${rest}: unknown\r\n`

async function pass(...chunks: readonly string[]) {
  const stream = new StartWords()
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  return { passed: await text(stream), words: stream.words?.toString() }
}

describe('StartWords', () => {
  it('keeps what an engine says of the start, also in two pieces', async () => {
    const words = failure('exec: "/nope": stat /nope: no such file or directory')
    expect(await pass(words)).toEqual({ passed: '', words })
    expect(await pass(words.slice(0, 40), words.slice(40))).toEqual({ passed: '', words })
  })

  it('passes all else on', async () => {
    expect(await pass('one\n', failure('x'))).toEqual({ passed: `one\n${failure('x')}`, words: undefined })
    const long = failure('x'.repeat(5000))
    expect(await pass(long.slice(0, 100), long.slice(100), 'more')).toEqual({ passed: `${long}more`, words: undefined })
    expect(await pass()).toEqual({ passed: '', words: undefined })
  })
})

describe('toStartError', () => {
  it.each([
    ['exec: "/nope": stat /nope: no such file or directory', 127],
    ['exec: "/nope": executable file not found in $PATH', 127],
    ['exec: "/nope": permission denied', 126],
    ['exec: "/nope": is a directory', 126],
  ])('reads %s', (rest, exitCode) => {
    const words = failure(rest)
    expect(toStartError(words, { container: 'web', command: ['/nope', '-x'] })).toMatchObject({
      code: 'COMMAND_NOT_STARTED',
      facts: { id: 'web', command: ['/nope', '-x'], exitCode },
      cause: { message: words.trim() },
    })
  })

  it.each(['exec: "/other": no such file or directory', 'chdir to cwd ("/nope") failed: no such file or directory'])(
    'leaves what does not tell of this command: %s',
    (rest) => {
      expect(toStartError(failure(rest), { container: 'web', command: ['/nope'] })).toBeUndefined()
    },
  )
})
