import { createHostError } from '@capstan/core/plugin'
import { type DockerfileInstruction, formatInstruction } from './dockerfile-instruction.js'

/** Additional facts of a failed build. */
export interface BuildErrorFacts {
  readonly exitCode?: number
  readonly lastLines?: readonly string[]
  readonly cause?: unknown
}

/**
 * Creates BUILD_FAILED for an instruction, or for the whole Dockerfile when `at` is `undefined`. `reason` is added at the
 * end of `lastLines`.
 */
export function createBuildError(
  at: DockerfileInstruction | undefined,
  reason: string | undefined,
  { exitCode, lastLines = [], cause }: BuildErrorFacts = {},
): Error {
  const facts = {
    step: at === undefined ? undefined : `line ${at.line}: ${formatInstruction(at)}`,
    command: at?.keyword === 'RUN' ? at.text : undefined,
    exitCode,
    lastLines: reason === undefined ? lastLines : [...lastLines, reason],
  }
  return createHostError('BUILD_FAILED', facts, cause === undefined ? undefined : { cause })
}
