import { DockerfileError, expandWord } from '@capstan/build-context/dockerfile'
import { createBuildError } from './build-error.js'
import type { DockerfileInstruction } from './dockerfile-instruction.js'

/**
 * Replaces the variables of a word and removes its quotes.
 *
 * @throws HostError BUILD_FAILED when the word cannot be expanded
 */
export function expand(
  instruction: DockerfileInstruction,
  word: string,
  variables: ReadonlyMap<string, string>,
): string {
  try {
    return expandWord(word, { variables, escapeCharacter: instruction.escapeCharacter })
  } catch (error) {
    if (error instanceof DockerfileError) throw createBuildError(instruction, error.message, { cause: error })
    throw error
  }
}
