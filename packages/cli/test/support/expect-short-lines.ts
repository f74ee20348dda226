import { expect } from 'vitest'

/** Checks the error text of a command: the problem, then indented lines, all of them short. */
export function expectShortLines(stderr: string): void {
  const [what = '', ...more] = stderr.trimEnd().split('\n')
  expect(what).toMatch(/^capstan/)
  expect(more.filter((line) => !line.startsWith('  '))).toEqual([])
  expect([what, ...more].filter((line) => line.length > 200)).toEqual([])
}
