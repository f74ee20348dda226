import { stripVTControlCharacters } from 'node:util'
import { createHostError } from '@capstan/core'
import type { CliResult } from './cli/apple-cli.js'

/** What failed, in the caller's words. */
export interface FailedCall {
  readonly operation: string
  readonly subject: string
  /** Path of the command line. */
  readonly endpoint: string
}

/**
 * A run that ended with another code than 0, as the error that its text tells of.
 *
 * The command line has no codes for its failures, and the wording differs from release to release: words are looked
 * for, anywhere in it. The one place where they are read.
 */
export function toAppleError({ exitCode, stderr }: Pick<CliResult, 'exitCode' | 'stderr'>, call: FailedCall): Error {
  const text = toErrorText(stderr)
  // A name may be any word.
  const words = call.subject === '' ? text : text.replaceAll(call.subject, '…')
  const known = findMeaning(words) ?? findMeaning(text)
  const cause = new Error(text)
  if (known !== undefined) return known[1](call, { text, cause })
  const { operation, subject } = call
  const reason = text === '' ? `the command ended with exit code ${exitCode}` : text
  return createHostError('OPERATION_FAILED', { operation, subject, status: exitCode, reason }, { cause })
}

/** What the command says itself: all after the last `Error: ` at the begin of a line, on one line. */
export function toErrorText(stderr: string): string {
  const at = stderr.lastIndexOf('\nError: ')
  const said = at === -1 ? stderr.replace(/^Error: /, '') : stderr.slice(at + '\nError: '.length)
  return stripVTControlCharacters(said)
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, 1000)
}

/** Whether what stderr ends in may be words of the command itself, and not of the program that it ran. */
export function isCliFailure(exitCode: number, stderrTail: string): boolean {
  return (exitCode === 1 || exitCode === 64) && /(^|[\r\n])Error: [^\r\n]/.test(stderrTail)
}

/** The service does not answer, or has gone. */
export function isServiceGone(text: string): boolean {
  return serviceGone.test(text)
}

export function isNameTaken(text: string): boolean {
  return /already exist/i.test(text)
}

/**
 * 127 where the image lacks the command, 126 where that may not be executed: only in words that the guest's own tool has
 * for it. A program may well say itself that there is no such file.
 */
export function toNotStartedCode(text: string): 126 | 127 | undefined {
  if (/failed to find target executable/i.test(text)) return 127
  return /failed to exec (\[|process .*permission denied)/i.test(text) ? 126 : undefined
}

/** Whether the command says of this container that it is gone or does not run. */
export function isContainerLost(text: string, id: string): boolean {
  return text.includes(id) && /container .*(not found|is not running)/i.test(text)
}

export function isAddressInUse(text: string): boolean {
  return /address already in use|EADDRINUSE|port.*(in use|already allocated)/i.test(text)
}

interface Wording {
  readonly text: string
  readonly cause: Error
}

const serviceGone = /XPC connection error|`container system start`/i

const meanings: readonly (readonly [RegExp, (call: FailedCall, wording: Wording) => Error])[] = [
  [
    serviceGone,
    ({ endpoint }, { cause }) => createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined }, { cause }),
  ],
  [
    /XPC timeout/i,
    ({ operation }, { text, cause }) =>
      createHostError(
        'TIMED_OUT',
        { operation, phase: 'the service did not answer', timeoutMs: 60_000, lastLines: [text] },
        { cause },
      ),
  ],
  [
    /image.*not ?found|not ?found.*image/i,
    ({ subject }, { cause }) => createHostError('IMAGE_NOT_FOUND', { image: subject }, { cause }),
  ],
  [
    /network.*not ?found|not ?found.*network/i,
    ({ subject }, { text, cause }) =>
      createHostError('NETWORK_NOT_FOUND', { id: findName(text, 'network') ?? subject }, { cause }),
  ],
  [
    /volume.*not ?found|not ?found.*volume/i,
    ({ subject }, { cause }) => createHostError('VOLUME_NOT_FOUND', { name: subject }, { cause }),
  ],
  [
    /container.*not ?found|not ?found.*container/i,
    ({ subject }, { cause }) => createHostError('CONTAINER_NOT_FOUND', { id: subject }, { cause }),
  ],
  [
    /is not running/i,
    ({ subject }, { cause }) => createHostError('NOT_RUNNING', { id: subject, state: 'exited' }, { cause }),
  ],
  [
    /overlaps an existing network/i,
    (_, { text, cause }) =>
      createHostError('INVALID_ARGUMENT', { field: 'subnet', expected: 'one of its own', given: text }, { cause }),
  ],
  [
    /path '(.*)' does not exist/i,
    (_, { text, cause }) =>
      createHostError(
        'INVALID_ARGUMENT',
        { field: 'mounts', expected: 'of a path that exists', given: /path '(.*)' does not/i.exec(text)?.[1] ?? text },
        { cause },
      ),
  ],
]

function findMeaning(text: string) {
  return meanings.find(([pattern]) => pattern.test(text))
}

function findName(text: string, kind: string): string | undefined {
  return new RegExp(`${kind} (?:not found: )?"?([A-Za-z0-9][A-Za-z0-9_.-]*)"? not found`, 'i').exec(text)?.[1]
}
