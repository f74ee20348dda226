import { readFileSync } from 'node:fs'
import { builtInCapabilities } from '@capstan/core/plugin'
import { expect, it } from 'vitest'
import { root } from './documents.js'

it('docs/capabilities.md lists each option with its description below its capability', () => {
  const document = readFileSync(`${root}docs/capabilities.md`, 'utf8')
  const lists = builtInCapabilities.flatMap(({ id, options }) => {
    const lines = Object.entries<string>(options).map(([field, line]) => `- \`${field}\`: ${line}`)
    return lines.length === 0 ? [] : [`\`${id}\`:\n\n${lines.join('\n')}\n`]
  })
  expect(document).toContain(`${lists.join('\n')}\n## Define a capability`)
})
