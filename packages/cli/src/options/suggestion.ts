/**
 * Returns the names that a mistyped name resembles: those that begin with it, and those that differ in one letter, in two if they
 * are longer than four letters, and in three if longer than eight, with the same first letter. Hyphens are ignored.
 */
export function findSimilar(given: string, names: readonly string[]): readonly string[] {
  const word = toLetters(given)
  const scores = names.map((name) => ({ name, score: toScore(word, toLetters(name)) }))
  const best = Math.min(...scores.map(({ score }) => score))
  if (best === Number.POSITIVE_INFINITY) return []
  return scores.filter(({ score }) => score === best).map(({ name }) => name)
}

function toScore(word: string, name: string): number {
  const isStart = word.length >= leastStart && name.startsWith(word)
  const distance = toDistance(word, name)
  const length = Math.max(word.length, name.length)
  const most = length > 8 ? 3 : length > 4 ? 2 : 1
  const hasSameStart = word[0] === name[0] || isSwapped(word, name) || (length > 4 && name.slice(1) === word)
  if (distance <= most && hasSameStart) return distance
  return isStart ? most + 1 : Number.POSITIVE_INFINITY
}

/** Whether the first two letters are swapped. */
function isSwapped(word: string, name: string): boolean {
  return word[0] === name[1] && word[1] === name[0]
}

/** Counts the insertions, deletions, replacements and swaps of neighbours: the optimal string alignment distance. */
function toDistance(word: string, name: string): number {
  let beforeLast: readonly number[] = []
  let last = Array.from({ length: name.length + 1 }, (_, column) => column)
  for (let row = 1; row <= word.length; row += 1) {
    const next = [row]
    for (let column = 1; column <= name.length; column += 1) {
      const isSame = word[row - 1] === name[column - 1]
      const isSwap = row > 1 && column > 1 && word[row - 1] === name[column - 2] && word[row - 2] === name[column - 1]
      const at = (line: readonly number[], index: number) => line[index] ?? Number.POSITIVE_INFINITY
      next[column] = Math.min(
        at(last, column) + 1,
        at(next, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = next
  }
  return last[name.length] ?? 0
}

function toLetters(name: string): string {
  return name.replaceAll('-', '').toLowerCase()
}

const leastStart = 3
