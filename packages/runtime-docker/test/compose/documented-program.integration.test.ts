import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { readBlocks, toExpectedOutput } from '../../../../test/docs/documents.js'
import { runDocumentedProgram } from '../../../../test/docs/run-documented-program.js'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { describeWithEngine } from '../../../../test/support/test-engine.js'

describeWithCompose('with a real Compose', (compose) => {
  describeWithEngine('the documents, on a real engine', ({ socketPath, image }) => {
    const programs = readBlocks().filter(
      ({ language, text }) =>
        language === 'js' && text.includes('dockerPlugin') && text.includes('composeManagerCapability'),
    )
    test.each(programs)('the program of $place prints the documented output', async (block) => {
      const PATH = `${dirname(compose)}:${process.env.PATH ?? ''}`
      const program = block.text.replaceAll('image: busybox', `image: ${image}`)
      const env = { DOCKER_HOST: `unix://${socketPath}`, PATH }
      expect(await runDocumentedProgram(program, env)).toBe(toExpectedOutput(block))
    })
  })
})
