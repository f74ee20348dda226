import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { listDocuments, root } from './documents.js'

test.each(listDocuments())('no blank line breaks a table of %s', (path) => {
  const document = readFileSync(`${root}${path}`, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
  expect(document).not.toMatch(/^\|.*\n\n+\|(?!.*\n\|[-| :]+\n)/m)
})
