import { createHostError } from '@capstan/core/plugin'
import { type DockerfileInstruction, formatInstruction } from './instruction.js'

/** What a failed build knows beside the reason. */
export interface BuildErrorFacts {
  readonly exitCode?: number
  readonly lastLines?: readonly string[]
  readonly cause?: unknown
}

/** BUILD_FAILED at an instruction, by its line; `undefined`: at the Dockerfile as a whole. */
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
