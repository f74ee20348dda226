import { createHostError, type HostError } from '@capstan/core'
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
  const exitCode = failure.code ?? toExitCode(failure.text)
  const isTold = exitCode !== undefined && (lastLines.length > 0 || restatement.test(failure.text))
  const lines = isTold ? [...lastLines] : [...lastLines, failure.text]
  const facts = { step, command, exitCode, lastLines: lines }
  return createHostError('BUILD_FAILED', facts, cause === undefined ? undefined : { cause })
}

const restatement = /(?:returned a non-zero code: |exit (?:status|code):? )\d+\s*$/

/** Where the engine does not give it as a number. Buildah: `exit status 9`. */
function toExitCode(text: string): number | undefined {
  const code = /(?:returned a non-zero code: |exit (?:status|code):? )(\d+)/.exec(text)?.[1]
  return code === undefined ? undefined : Number(code)
}
