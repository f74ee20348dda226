import { DockerfileError, parseDockerfile } from '@capstan/build-context/dockerfile'
import type { StringMap } from '@capstan/core/plugin'

/** A Dockerfile and the query by which its image gets its labels. */
export interface LabelledBuild {
  readonly dockerfile: string
  readonly query: { readonly labels?: StringMap }
  /** How many steps that adds to those of the caller. */
  readonly addedSteps: number
}

/**
 * Puts labels on what a Dockerfile builds, in one step at its end: the engine's own parameter makes a step, and half a
 * tenth of a second, of each label. Where an instruction at the end would not be the last of what is built, or not be
 * read as one, the parameter it is. Pure.
 */
export function addLabels(
  dockerfile: string,
  { labels, target }: { readonly labels: StringMap; readonly target: string | undefined },
): LabelledBuild {
  const instruction = target === undefined ? toInstruction(dockerfile, Object.entries(labels)) : undefined
  if (instruction === undefined) return { dockerfile, ...toLabelParameter(labels) }
  return { dockerfile: `${dockerfile}\n${instruction}\n`, query: {}, addedSteps: 1 }
}

/** The engine's own parameter, for a Dockerfile that is sent as it is: a step for each label. */
export function toLabelParameter(labels: StringMap): Omit<LabelledBuild, 'dockerfile'> {
  return { query: { labels }, addedSteps: Object.keys(labels).length }
}

/** The instruction to append; `undefined` where it would become part of a continuation or a heredoc. */
function toInstruction(dockerfile: string, labels: readonly (readonly [string, string])[]): string | undefined {
  try {
    const { instructions, escapeCharacter } = parseDockerfile(dockerfile)
    // The classic builder of older engines knows no heredocs.
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

/** In double quotes these three alone mean something: https://docs.docker.com/reference/dockerfile/#environment-replacement */
function quote(text: string, escapeCharacter: string): string {
  const quoted = [...text].map((character) => {
    return ['"', '$', escapeCharacter].includes(character) ? `${escapeCharacter}${character}` : character
  })
  return `"${quoted.join('')}"`
}
