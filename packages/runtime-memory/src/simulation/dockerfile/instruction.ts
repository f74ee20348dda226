import type { EscapeCharacter } from '@capstan/build-context/dockerfile'

/** One instruction, as far as every kind of it can be read alike. */
export interface DockerfileInstruction {
  readonly keyword: string
  /** Counted from 1. */
  readonly line: number
  /** Its arguments on one line, comments, continuations and flags taken out. */
  readonly text: string
  /** `text` where it is a JSON list of words: the exec form. */
  readonly words: readonly string[] | undefined
  readonly flags: ReadonlyMap<string, string>
  /** `NAME=value` pairs of ENV, LABEL and ARG; values as they are written. */
  readonly pairs: readonly DockerfilePair[]
  /** Of the file. */
  readonly escapeCharacter: EscapeCharacter
  /** Whether lines after it belong to it. */
  readonly hasHeredocs: boolean
}

/** One `NAME=value`, or `NAME` alone. */
export interface DockerfilePair {
  readonly name: string
  readonly value: string | undefined
}

/** As a message shows it. */
export function formatInstruction({
  keyword,
  flags,
  text,
}: Pick<DockerfileInstruction, 'keyword' | 'flags' | 'text'>): string {
  const options = [...flags].map(([name, value]) => `--${name}=${value}`)
  return [keyword, ...options, text].join(' ').trimEnd()
}

/** The exec form as it is, the shell form for the shell. */
export function toCommandLine({ words, text }: DockerfileInstruction): readonly string[] {
  if (words !== undefined) return words
  return text === '' ? [] : ['/bin/sh', '-c', text]
}
