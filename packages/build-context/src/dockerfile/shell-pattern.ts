import { DockerfileError } from './dockerfile-error.js'

/** Removes the shortest or longest match of the pattern at the start of a value. */
export function removePrefix(value: string, pattern: string, { isLongest }: RemoveOptions): string {
  return value.replace(toExpression(pattern, { isLongest, isAnchored: true }), '')
}

/** Removes the shortest or longest match of the pattern at the end of a value. */
export function removeSuffix(value: string, pattern: string, options: RemoveOptions): string {
  // A match at the end is a match at the start when value and pattern are reversed.
  return reverse(removePrefix(reverse(value), reversePattern(pattern), options))
}

interface RemoveOptions {
  readonly isLongest: boolean
}

/** Replaces the first match of the pattern, or all matches. Each match is the longest. */
export function replacePattern(value: string, { pattern, replacement, isGlobal }: ReplaceOptions): string {
  const expression = toExpression(pattern, { isLongest: true, isAnchored: false })
  if (!isGlobal) return value.replace(expression, () => replacement)
  // For all matches, the builders treat the replacement as a template of Go's regexp package: `$0` and `${0}` are the match,
  // `$$` is a dollar sign, and any other name is empty because there are no groups.
  let end = -1
  return value.replace(new RegExp(expression, 'gu'), (match, at: number) => {
    // An empty match directly after another match is ignored.
    if (match === '' && at === end) return ''
    end = at + match.length
    return replacement.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar, braced, plain) => {
      return dollar ?? (/^0+$/.test(braced ?? plain) ? match : '')
    })
  })
}

interface ReplaceOptions {
  readonly pattern: string
  readonly replacement: string
  readonly isGlobal: boolean
}

/** `*` and `?` match any characters except a line feed. After a backslash, `*`, `?` and a backslash are literal. */
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
      // `}` and `/` can also be escaped, because they end the parts of a substitution.
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

/** Reverses a pattern. Each backslash stays before the character that it escapes. */
function reversePattern(pattern: string): string {
  const parts = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? []
  return parts.toReversed().join('')
}
