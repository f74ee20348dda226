import type { StringMap } from '@capstan/core'

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
  if (target !== undefined || !canAppend(dockerfile)) return { dockerfile, ...toLabelParameter(labels) }
  const pairs = Object.entries(labels).map(([key, value]) => `${quote(key)}=${quote(value)}`)
  return { dockerfile: `${dockerfile}\nLABEL ${pairs.join(' ')}\n`, query: {}, addedSteps: 1 }
}

/** The engine's own parameter, for a Dockerfile that is sent as it is: a step for each label. */
export function toLabelParameter(labels: StringMap): Omit<LabelledBuild, 'dockerfile'> {
  return { query: { labels }, addedSteps: Object.keys(labels).length }
}

/** No other escape character, no text of several lines, no last line that goes on. */
function canAppend(dockerfile: string): boolean {
  const lines = dockerfile.split(/\r?\n/).filter((line) => !/^\s*(#|$)/.test(line))
  return !/^\s*#\s*escape\s*=/im.test(dockerfile) && !dockerfile.includes('<<') && !/\\\s*$/.test(lines.at(-1) ?? '\\')
}

/** In double quotes these three alone mean something: https://docs.docker.com/reference/dockerfile/#environment-replacement */
function quote(text: string): string {
  return `"${text.replace(/["\\$]/g, '\\$&')}"`
}
