import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { describeWithEngine } from '../support/test-engine.js'
import { readBlocks, root, toExpectedOutput } from './documents.js'
import { runDocumentedProgram } from './run-documented-program.js'

describeWithEngine('the documents, on a real engine', ({ socketPath, image }) => {
  const blocks = readBlocks()
  const env = { DOCKER_HOST: `unix://${socketPath}` }
  /** Images that a reader would pull; tests have no registry. */
  const withImage = (text: string) => text.replaceAll(/\bbusybox(:[\d.]+)?(?=[' ])/g, image)

  // Tests of Compose need its program: `pnpm test:engines --compose`.
  const programs = blocks.filter(
    ({ language, text }) =>
      language === 'js' && text.includes('@capstan/runtime-docker') && !text.includes('composeManagerCapability'),
  )
  it.each(programs)('the program of $place prints the documented output', async (block) => {
    expect(await runDocumentedProgram(withImage(block.text), env)).toBe(toExpectedOutput(block))
  })

  // Commands that need a terminal, a project or a context, or leave an image behind, are tested with the package of the command.
  const commands = blocks
    .filter(({ language, place }) => language === 'sh' && !place.startsWith('examples/quickstart/'))
    .flatMap(({ place, text }) => text.split('\n').map((line) => ({ place, line })))
    .filter(({ line }) => /(^|\| )capstan /.test(line) && !/ -it |capstan compose |--context /.test(line))
  it.each(commands)('the command of $place succeeds: $line', async ({ line }) => {
    const [command = '', comment = ''] = line.split(/\s+#\s+/)
    const script = `capstan() { "${process.execPath}" "${root}packages/cli/dist/bin.js" "$@"; }\n${withImage(command)}`
    const running = promisify(execFile)('sh', ['-c', script], { cwd: root, env: { ...process.env, ...env } })
    const { code, stdout, stderr } = await running.then(
      (ended) => ({ code: 0, ...ended }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
    expect(code, stderr).toBe(Number(/^exits with (\d+)/.exec(comment)?.[1] ?? 0))
    const printed = /^prints (.*)$/.exec(comment)?.[1]
    if (printed !== undefined) expect(stdout.trim()).toBe(printed)
  })
})
