import { CommandError } from './command-error.mjs'

const known = new Set([
  'FROM',
  'ARG',
  'ENV',
  'LABEL',
  'WORKDIR',
  'USER',
  'STOPSIGNAL',
  'EXPOSE',
  'VOLUME',
  'CMD',
  'ENTRYPOINT',
  'COPY',
  'ADD',
  'RUN',
])

/** Parses the instructions of a Dockerfile, one logical line each. Heredocs are not supported. */
export function parseDockerfile(text) {
  const lines = text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)
  return lines.flatMap((line, index) => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    const [, name, rest] = /^(\S+)\s*(.*)$/.exec(trimmed)
    if (!known.has(name.toUpperCase()))
      throw new CommandError(
        `unknown: "failed to solve: dockerfile parse error on line ${index + 1}: unknown instruction: ${name}"`,
      )
    return [{ name: name.toUpperCase(), rest }]
  })
}

/** Parses `A=b C="d e"` or `A the rest`; with `isBare` also `A`. */
export function parsePairs(text, isBare = false) {
  if (!/^\S+=/.test(text)) {
    const [, key, value] = /^(\S+)\s*(.*)$/.exec(text)
    return { [key]: isBare ? undefined : value }
  }
  const pairs = {}
  for (const [, key, quoted, single, plain] of text.matchAll(
    /([^\s=]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s\\]|\\.)*))/g,
  ))
    pairs[key] = (quoted ?? single ?? plain).replace(/\\(.)/g, single === undefined ? '$1' : '\\$1')
  return pairs
}
