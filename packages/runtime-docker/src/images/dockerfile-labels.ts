import { DockerfileError, parseDockerfile } from '@capstan/build-context/dockerfile'
import type { StringMap } from '@capstan/core/plugin'

/** A Dockerfile, and the query parameters that set the labels of its image. */
export interface LabelledBuild {
  readonly dockerfile: string
  readonly query: { readonly labels?: StringMap }
  /** The number of steps added to those of the caller. */
  readonly addedSteps: number
}

/**
 * Adds labels by one instruction at the end of a Dockerfile. The engine's parameter would take one step of about 50 ms
 * per label. The parameter is used where an appended instruction would not be the last one of the build, or would not
 * be parsed as an instruction. Pure.
 */
export function addLabels(
  dockerfile: string,
  { labels, target }: { readonly labels: StringMap; readonly target: string | undefined },
): LabelledBuild {
  const instruction = target === undefined ? toInstruction(dockerfile, Object.entries(labels)) : undefined
  if (instruction === undefined) return { dockerfile, ...toLabelParameter(labels) }
  return { dockerfile: `${dockerfile}\n${instruction}\n`, query: {}, addedSteps: 1 }
}

/** Sets labels by the engine's parameter, for an unchanged Dockerfile. Each label takes a step. */
export function toLabelParameter(labels: StringMap): Omit<LabelledBuild, 'dockerfile'> {
  return { query: { labels }, addedSteps: Object.keys(labels).length }
}

/**
 * Returns the instruction to append; `undefined` for a Dockerfile that cannot be parsed, has a heredoc, or ends within
 * a continuation.
 */
function toInstruction(dockerfile: string, labels: readonly (readonly [string, string])[]): string | undefined {
  try {
    const { instructions, escapeCharacter } = parseDockerfile(dockerfile)
    // The classic builder of older engines does not support heredocs.
    if (instructions.some(({ heredocs }) => heredocs.length > 0)) return undefined
    const pairs = labels.map((label) => label.map((text) => quote(text, escapeCharacter)).join('='))
    const instruction = `LABEL ${pairs.join(' ')}`
    const appended = parseDockerfile(`${dockerfile}\n${instruction}\n`).instructions
    return appended.length === instructions.length + 1 ? instruction : undefined
  } catch (error) {
    if (error instanceof DockerfileError) return undefined
    throw error
  }
}

/**
 * Only these three characters are special in double quotes:
 * https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
function quote(text: string, escapeCharacter: string): string {
  const quoted = [...text].map((character) => {
    return ['"', '$', escapeCharacter].includes(character) ? `${escapeCharacter}${character}` : character
  })
  return `"${quoted.join('')}"`
}
