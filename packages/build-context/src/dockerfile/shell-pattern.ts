import { DockerfileError } from './dockerfile-error.js'

/** Removes the pattern from the start of a value: the shortest match, or the longest. */
export function removePrefix(value: string, pattern: string, isLongest: boolean): string {
  return value.replace(toExpression(pattern, { isLongest, isAnchored: true }), '')
}

/** Removes the pattern from the end of a value: the shortest match, or the longest. */
export function removeSuffix(value: string, pattern: string, isLongest: boolean): string {
  // With both reversed, the match at the end is the match at the start.
  return reverse(removePrefix(reverse(value), reversePattern(pattern), isLongest))
}

/** Replaces the first match of the pattern, or all; each is the longest. */
export function replacePattern(value: string, { pattern, replacement, isGlobal }: Replacing): string {
  const expression = toExpression(pattern, { isLongest: true, isAnchored: false })
  if (!isGlobal) return value.replace(expression, () => replacement)
  // Where all are replaced the builders read the replacement as a template of Go's regexp package: without groups, `$0`
  // and `${0}` are the match, `$$` is a dollar and any other name is empty.
  let end = -1
  return value.replace(new RegExp(expression, 'gu'), (match, at: number) => {
    // An empty match just after another match does not count.
    if (match === '' && at === end) return ''
    end = at + match.length
    return replacement.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar, braced, plain) => {
      return dollar ?? (/^0+$/.test(braced ?? plain) ? match : '')
    })
  })
}

/** Options of `replacePattern`. */
export interface Replacing {
  readonly pattern: string
  readonly replacement: string
  readonly isGlobal: boolean
}

/** `*` and `?` match any characters except a line feed. After a backslash they, and a backslash, are literal. */
function toExpression(pattern: string, { isLongest, isAnchored }: { isLongest: boolean; isAnchored: boolean }): RegExp {
  let source = isAnchored ? '^' : ''
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? ''
    if (character === '*') source += isLongest ? '[^\\n]*' : '[^\\n]*?'
    else if (character === '?') source += '[^\\n]'
    else if (character !== '\\') source += quote(character)
    else {
      at += 1
      const next = characters[at]
      // `}` and `/` end parts of a substitution, and are escaped for that.
      if (next === undefined || !'*?\\}/'.includes(next))
        throw new DockerfileError(`invalid escape in the pattern ${pattern}`)
      source += quote(next)
    }
  }
  return new RegExp(source, 'u')
}

function quote(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}

function reverse(text: string): string {
  return [...text].toReversed().join('')
}

/** Reverses a pattern; each backslash stays before the character that it escapes. */
function reversePattern(pattern: string): string {
  const parts = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? []
  return parts.toReversed().join('')
}
