import type { HostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { endsWithExitCode, readBuildExitCode } from '../engine/docker-error-texts.js'
import type { BuildOutput } from './build-output.js'
import type { EngineFailure } from './engine-message.js'

/**
 * BUILD_FAILED, with the step under way; the last line is the command's own, else what the engine said, unless that says only
 * that the command ended with the exit code.
 */
export function toBuildFailure(
  { step, command, lastLines }: Pick<BuildOutput, 'step' | 'command' | 'lastLines'>,
  failure: EngineFailure,
  cause?: unknown,
): HostError<'BUILD_FAILED'> {
  const exitCode = failure.code ?? readBuildExitCode(failure.text)
  const isTold = exitCode !== undefined && (lastLines.length > 0 || endsWithExitCode(failure.text))
  const lines = isTold ? [...lastLines] : [...lastLines, failure.text]
  const facts = { step, command, exitCode, lastLines: lines }
  return createHostError('BUILD_FAILED', facts, cause === undefined ? undefined : { cause })
}
