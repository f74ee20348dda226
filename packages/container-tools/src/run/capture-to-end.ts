import { Readable } from 'node:stream'
import {
  checkInteger,
  checkOneOf,
  checkTimeout,
  createHostError,
  linkSignals,
  startDeadline,
} from '@capstan/core/plugin'
import { CapturedOutput } from './captured-output.js'
import type { EndOptions, EndResult } from './end-result.js'

/**
 * Runs a process by `run` and resolves with its end and its output. Rejects with TIMED_OUT after the time limit, with the last
 * lines of the output.
 */
export async function captureToEnd<T extends Pick<EndResult, 'exitCode' | 'durationMs'>>(
  operation: string,
  options: EndOptions,
  run: (capture: Capture) => Promise<T>,
): Promise<T & EndResult> {
  checkEndOptions(options)
  const { maxOutputBytes = defaultMaxBytes, keep = 'start', timeoutMs, input, signal } = options
  const output = new CapturedOutput({ maxBytes: maxOutputBytes, keep })
  const link = linkSignals([signal])
  const expire = (limitMs: number) => {
    const facts = { operation, phase: undefined, timeoutMs: limitMs, lastLines: output.toLastLines() }
    link.abort(createHostError('TIMED_OUT', { ...facts, option: 'timeoutMs' }))
  }
  const deadline = timeoutMs === undefined ? undefined : startDeadline(timeoutMs, () => expire(timeoutMs))
  try {
    // Without a limit of the caller, the limits of the runtime apply.
    const own = signal === undefined && timeoutMs === undefined ? {} : { signal: link.signal }
    const end = await run({ output, options: own, input: input === undefined ? undefined : toReadable(input) })
    return { ...end, ...output.toTexts() }
  } finally {
    deadline?.clear()
    link.unlink()
  }
}

/** Checks the limits. @throws HostError INVALID_ARGUMENT */
export function checkEndOptions({ maxOutputBytes = defaultMaxBytes, keep = 'start', timeoutMs }: EndOptions): void {
  checkInteger('maxOutputBytes', maxOutputBytes, { min: 0, max: mostBytes })
  checkOneOf('keep', keep, ['start', 'end'])
  if (timeoutMs !== undefined) checkTimeout('timeoutMs', timeoutMs)
}

/** What a process is run with. */
export interface Capture {
  readonly output: CapturedOutput
  readonly options: { readonly signal?: AbortSignal }
  readonly input: Readable | undefined
}

/** Resolves with an exit code and the time until then. */
export async function measureEnd(exitCode: () => Promise<number>): Promise<Pick<EndResult, 'exitCode' | 'durationMs'>> {
  const start = performance.now()
  return { exitCode: await exitCode(), durationMs: performance.now() - start }
}

function toReadable(input: string | Uint8Array | Readable): Readable {
  return input instanceof Readable ? input : Readable.from([Buffer.from(input)], { objectMode: false })
}

const defaultMaxBytes = 16 * 2 ** 20
// The longest string of Node on every platform has 2^29 - 24 characters, and `output` contains all bytes.
const mostBytes = 2 ** 28
