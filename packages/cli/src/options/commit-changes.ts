import {
  DockerfileError,
  type DockerfileInstruction,
  expandWord,
  parseDockerfile,
  readPairs,
  toWordList,
} from '@capstan/build-context/dockerfile'
import type { ImageChanges } from '@capstan/core'
import { createOptionError } from './option-error.js'

/**
 * Parses the values of `--change` of `capstan commit`, each an instruction of a Dockerfile: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL,
 * STOPSIGNAL, USER, VOLUME or WORKDIR. Variables are not expanded.
 *
 * @throws HostError INVALID_ARGUMENT naming the option
 */
export function parseChanges(texts: readonly string[]): ImageChanges | undefined {
  if (texts.length === 0) return undefined
  let changes: ImageChanges = {}
  for (const text of texts) changes = { ...changes, ...parseChange(text, changes) }
  return changes
}

function parseChange(text: string, changes: ImageChanges): ImageChanges {
  try {
    const [instruction, ...others] = parseDockerfile(text).instructions
    const isOne = others.length === 0 && instruction !== undefined && instruction.heredocs.length === 0
    const added = isOne ? converters[instruction.keyword]?.(instruction, changes) : undefined
    if (added !== undefined) return added
  } catch (error) {
    // The text is not an instruction, or has a quote without an end.
    if (!(error instanceof DockerfileError)) throw error
  }
  throw createOptionError('--change', expected, text)
}

/** Converts an instruction to changes, with those of earlier instructions; `undefined` if it is not valid. */
type Converter = (instruction: DockerfileInstruction, changes: ImageChanges) => ImageChanges | undefined

const converters: Readonly<Record<string, Converter>> = {
  CMD: (instruction) => toNonEmpty('command', toCommand(instruction)),
  ENTRYPOINT: (instruction) => toNonEmpty('entrypoint', toCommand(instruction)),
  ENV: (instruction, { env }) => toPairs('env', instruction, env),
  LABEL: (instruction, { labels }) => toPairs('labels', instruction, labels),
  EXPOSE: ({ text }, { exposedPorts = [] }) => {
    const ports = text.split(/\s+/).map(toPort)
    const valid = ports.filter((port) => port !== undefined)
    return valid.length === ports.length ? { exposedPorts: [...exposedPorts, ...valid] } : undefined
  },
  VOLUME: ({ text }, { volumes = [] }) => {
    const paths = toWordList(text) ?? text.split(/\s+/)
    return paths.every((path) => path.startsWith('/')) ? { volumes: [...volumes, ...paths] } : undefined
  },
  STOPSIGNAL: ({ text }) => (text === '' ? undefined : { stopSignal: text }),
  USER: ({ text }) => (text === '' ? undefined : { user: text }),
  WORKDIR: ({ text }) => (text.startsWith('/') ? { workingDirectory: text } : undefined),
}

const expected = `a valid instruction of a Dockerfile: ${Object.keys(converters).join(', ')}`

/** Returns the words of the exec form, or a command of a shell. */
function toCommand({ text }: DockerfileInstruction): readonly string[] {
  return toWordList(text) ?? (text === '' ? [] : ['/bin/sh', '-c', text])
}

function toNonEmpty(field: 'command' | 'entrypoint', words: readonly string[]): ImageChanges | undefined {
  return words.length === 0 ? undefined : { [field]: words }
}

function toPairs(
  field: 'env' | 'labels',
  instruction: DockerfileInstruction,
  earlier: Readonly<Record<string, string>> = {},
): ImageChanges | undefined {
  const pairs = readPairs(instruction, '\\')
  if (pairs.length === 0 || pairs.some(({ value }) => value === undefined)) return undefined
  const entries = pairs.map(({ name, value = '' }) => [unquote(name), unquote(value)] as const)
  return { [field]: { ...earlier, ...Object.fromEntries(entries) } }
}

/** Removes quotes and escapes, and keeps variables. */
function unquote(word: string): string {
  const toEscaped = (part: string): string => {
    if (part.startsWith('"')) return part.replace(/\\.|\$/gs, toEscaped)
    return part === '$' ? '\\$' : part
  }
  const escaped = word.replace(/'[^']*'|"(?:[^"\\]|\\.)*"|\\.|\$/gs, toEscaped)
  return expandWord(escaped, { variables: new Map() })
}

function toPort(text: string): NonNullable<ImageChanges['exposedPorts']>[number] | undefined {
  const [, port, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text.toLowerCase()) ?? []
  if (port === undefined || (protocol !== 'tcp' && protocol !== 'udp')) return undefined
  return { containerPort: Number(port), protocol }
}
