import type { EscapeCharacter } from '@capstan/build-context/dockerfile'

/** One instruction, in the form that all instructions share. */
export interface DockerfileInstruction {
  readonly keyword: string
  /** The line number from 1. */
  readonly line: number
  /** The arguments on one line, without comments, continuations and flags. */
  readonly text: string
  /** The words when `text` is a JSON array (the exec form). */
  readonly words: readonly string[] | undefined
  readonly flags: ReadonlyMap<string, string>
  /** The `NAME=value` pairs of ENV, LABEL and ARG; values are not expanded. */
  readonly pairs: readonly DockerfilePair[]
  /** The escape character of the Dockerfile. */
  readonly escapeCharacter: EscapeCharacter
  /** Whether the instruction has here-documents. */
  readonly hasHeredocs: boolean
}

/** One `NAME=value`, or `NAME` alone. */
export interface DockerfilePair {
  readonly name: string
  readonly value: string | undefined
}

/** Formats an instruction for messages. */
export function formatInstruction({ keyword, flags, text }: DockerfileInstruction): string {
  const options = [...flags].map(([name, value]) => `--${name}=${value}`)
  return [keyword, ...options, text].join(' ').trimEnd()
}

/** Returns the words of the exec form, or a shell command for the shell form. */
export function toCommandLine({ words, text }: DockerfileInstruction): readonly string[] {
  if (words !== undefined) return words
  return text === '' ? [] : ['/bin/sh', '-c', text]
}
