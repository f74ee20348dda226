import { StringDecoder } from 'node:string_decoder'
import type { LogOptions } from '@capstan/core'
import { check, checkInteger, delay } from '@capstan/core/plugin'
import type { WaitContext, WaitStrategy } from './wait-strategy.js'

/**
 * Waits until the log of a container has a line that contains a text or matches a regular expression. Reads the whole log, also
 * of earlier runs of the container, unless `since` is given.
 */
export function logLine(
  pattern: string | RegExp,
  { count = 1, since, stdout, stderr }: LogLineOptions = {},
): WaitStrategy {
  check(
    typeof pattern === 'string' || pattern instanceof RegExp,
    'pattern',
    'a string or a regular expression',
    pattern,
  )
  checkInteger('count', count, { min: 1 })
  const given = Object.entries({ since, stdout, stderr }).filter(([, value]) => value !== undefined)
  const options: LogOptions = Object.fromEntries(given)
  return {
    title: count === 1 ? `log line ${show(pattern)}` : `${count} log lines ${show(pattern)}`,
    wait: async (context) => {
      // The log of a container that has not been started may end at once.
      for (;;) {
        if (await hasLines(context, { options, count, isMatch: toMatcher(pattern) })) return
        context.onProblem('the log has no such line')
        await delay(reopenMs, context)
      }
    },
  }
}

/** Options of `logLine`. */
export interface LogLineOptions extends Pick<LogOptions, 'since' | 'stdout' | 'stderr'> {
  /** The number of lines that must match. Default 1. */
  readonly count?: number
}

interface LineSearch {
  readonly options: LogOptions
  readonly count: number
  readonly isMatch: (line: string) => boolean
}

/** Resolves with whether the log has the lines, at the first such line or at the end of the log. */
async function hasLines({ runtime, id, signal }: WaitContext, { options, count, isMatch }: LineSearch) {
  const ends = new Map<string, LineEnd>()
  let left = count
  await using log = await runtime.containerLogs(id, { ...options, follow: true, signal })
  for await (const { source, bytes } of log) {
    const end = ends.get(source) ?? { decoder: new StringDecoder(), text: '' }
    ends.set(source, end)
    const lines = `${end.text}${end.decoder.write(Buffer.from(bytes))}`.split('\n')
    end.text = (lines.pop() ?? '').slice(-longestLine)
    left -= lines.filter(isMatch).length
    if (left <= 0) return true
  }
  return [...ends.values()].filter(({ text }) => text !== '' && isMatch(text)).length >= left
}

/** The last line of one stream, which has not ended yet. */
interface LineEnd {
  readonly decoder: StringDecoder
  text: string
}

function toMatcher(pattern: string | RegExp): (line: string) => boolean {
  if (typeof pattern === 'string') return (line) => line.includes(pattern)
  // Without g and y, `test` has no state.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  return (line) => stateless.test(line.replace(/\r$/, ''))
}

function show(pattern: string | RegExp): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern)
}

/** The most characters of a line that has no end yet. */
const longestLine = 2 ** 20
const reopenMs = 100
