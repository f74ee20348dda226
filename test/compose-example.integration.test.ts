import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../tools/run-program.mjs'
import { root } from './docs/documents.js'
import { describeWithCompose } from './support/describe-with-compose.js'
import { describeWithEngine } from './support/test-engine.js'

const folder = join(root, 'examples/compose')

describeWithCompose('examples/compose with a real Compose', (compose) => {
  describeWithEngine('on a real engine', ({ socketPath, image }) => {
    it('prints the output in its README', async () => {
      const env = { DOCKER_HOST: `unix://${socketPath}` }
      expect(await run(['docker', image, compose], env)).toBe(await readOutput())
    })
  })
})

describe('examples/compose in the simulation', () => {
  it('prints the output in its README', async () => {
    expect(await run([], {})).toBe(await readOutput())
  })
})

/** Runs the example from `dist` and returns its output. */
async function run(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const options = { cwd: folder, env: { ...process.env, ...env } }
  const { code, output } = await runProgram(process.execPath, [join(folder, 'main.mjs'), ...argv], options)
  expect(code, output).toBe(0)
  return output.trim()
}

async function readOutput(): Promise<string> {
  const readme = await readFile(join(folder, 'README.md'), 'utf8')
  return /^```text\n(.*?)\n```$/ms.exec(readme)?.[1] ?? ''
}
