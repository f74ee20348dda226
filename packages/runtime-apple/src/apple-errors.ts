import { stripVTControlCharacters } from 'node:util'
import { createHostError } from '@capstan/core/plugin'
import type { CliResult } from './cli/apple-cli.js'

/** The operation that failed, and its subject, as the caller named them. */
export interface FailedCall {
  readonly operation: string
  readonly subject: string
  /** Path of the command. */
  readonly endpoint: string
}

/**
 * Converts the result of a run with an exit code other than 0 to a HostError.
 *
 * The command has no codes for its failures, and the wording differs between releases, so the text is searched for known
 * words. Only this file finds the code of an error in a text of the command; `images/build-output.ts` reads those of builds.
 */
export function toAppleError({ exitCode, stderr }: Pick<CliResult, 'exitCode' | 'stderr'>, call: FailedCall): Error {
  const text = toErrorText(stderr)
  // The subject is a name, which may be any of the words that are searched for.
  const words = call.subject === '' ? text : text.replaceAll(call.subject, '…')
  const translation = findTranslation(words) ?? findTranslation(text)
  const cause = new Error(text)
  if (translation !== undefined) return translation[1](call, { text, cause })
  const { operation, subject } = call
  const reason = text === '' ? `the command ended with exit code ${exitCode}` : text
  return createHostError('OPERATION_FAILED', { operation, subject, status: exitCode, reason }, { cause })
}

/** The text after the last `Error: ` at the start of a line, else the whole text; on one line, at most 1000 characters. */
export function toErrorText(stderr: string): string {
  const at = stderr.lastIndexOf('\nError: ')
  const said = at === -1 ? stderr.replace(/^Error: /, '') : stderr.slice(at + '\nError: '.length)
  return stripVTControlCharacters(said)
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, 1000)
}

/** Whether the command itself may have failed: its exit codes are 1 (failure) and 64 (wrong usage). Others are the program's. */
export function isCliFailure(exitCode: number, stderrTail: string): boolean {
  return (exitCode === 1 || exitCode === 64) && /(^|[\r\n])Error: [^\r\n]/.test(stderrTail)
}

/** Whether the text says that the service does not answer or has stopped. */
export function isServiceGone(text: string): boolean {
  return serviceGone.test(text)
}

/** Whether the text says that the name is taken. */
export function isNameTaken(text: string): boolean {
  return /already exist/i.test(text)
}

/**
 * 127 if the image lacks the command, 126 if it cannot be executed. Matches only the wording of the program that starts
 * processes in the guest, because a program itself may print that there is no such file.
 */
export function toNotStartedCode(text: string): 126 | 127 | undefined {
  if (/failed to find target executable/i.test(text)) return 127
  return /failed to exec (\[|process .*permission denied)/i.test(text) ? 126 : undefined
}

/** Whether the text says that this container does not exist or does not run. */
export function isNotRunningText(text: string, id: string): boolean {
  return text.includes(id) && /container .*(not found|is not running)/i.test(text)
}

/** Whether the text says that a port is in use. */
export function isAddressInUse(text: string): boolean {
  return /address already in use|EADDRINUSE|port.*(in use|already allocated)/i.test(text)
}

interface Wording {
  readonly text: string
  readonly cause: Error
}

/** Apple's own limit of a request to the service. */
const serviceTimeoutMs = 60_000
const serviceGone = /XPC connection error|`container system start`/i

const translations: readonly (readonly [RegExp, (call: FailedCall, wording: Wording) => Error])[] = [
  [
    serviceGone,
    ({ endpoint }, { cause }) => createHostError('CONNECTION_LOST', { endpoint, lastTimestamp: undefined }, { cause }),
  ],
  [
    /XPC timeout/i,
    ({ operation }, { text, cause }) =>
      createHostError(
        'TIMED_OUT',
        { operation, phase: 'the service did not answer', timeoutMs: serviceTimeoutMs, lastLines: [text] },
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
    ({ subject }, { cause }) => createHostError('NOT_RUNNING', { id: subject, state: 'unknown' }, { cause }),
  ],
  [
    /path '(.*)' does not exist/i,
    (_, { text, cause }) =>
      createHostError(
        'INVALID_ARGUMENT',
        {
          field: 'mounts',
          expected: 'mounts of existing paths',
          given: /path '(.*)' does not/i.exec(text)?.[1] ?? text,
        },
        { cause },
      ),
  ],
]

function findTranslation(text: string) {
  return translations.find(([pattern]) => pattern.test(text))
}

function findName(text: string, kind: string): string | undefined {
  return new RegExp(`${kind} (?:not found: )?"?([A-Za-z0-9][A-Za-z0-9_.-]*)"? not found`, 'i').exec(text)?.[1]
}
