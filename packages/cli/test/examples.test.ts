import { readFile } from 'node:fs/promises'
import { expect, it, vi } from 'vitest'

const folder = new URL('../../../examples/application/', import.meta.url)

it('examples/application prints the output in its README, from the program in its README', async () => {
  const [readme, program] = await Promise.all(
    ['README.md', 'main.mjs'].map((name) => readFile(new URL(name, folder), 'utf8')),
  )
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line))
  await import(new URL('main.mjs', folder).href).finally(() => log.mockRestore())
  expect(readme).toContain(`\`\`\`js\n${program}\`\`\``)
  expect(readme).toContain(`\`\`\`text\n${printed.join('\n')}\n\`\`\``)
  expect(printed).toHaveLength(2)
})
