import { expect } from 'vitest'

/** What a failed command wrote to stderr: what happened, then indented lines, none a paragraph. */
export function expectShortLines(stderr: string): void {
  const [what = '', ...more] = stderr.trimEnd().split('\n')
  expect(what).toMatch(/^capstan/)
  expect(more.filter((line) => !line.startsWith('  '))).toEqual([])
  expect([what, ...more].filter((line) => line.length > 200)).toEqual([])
}
