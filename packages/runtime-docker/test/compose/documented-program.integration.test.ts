import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readBlocks, toExpectedOutput } from '../../../../test/docs/documents.js'
import { runDocumentedProgram } from '../../../../test/docs/run-documented-program.js'
import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { composeProgram } from './open-compose.js'

describe.skipIf(composeProgram === undefined)('with a real Compose', () => {
  describeWithEngine('the documents, on a real engine', ({ socketPath, image }) => {
    const programs = readBlocks().filter(
      ({ language, text }) =>
        language === 'js' && text.includes('dockerPlugin') && text.includes('composeManagerCapability'),
    )
    test.each(programs)('the program of $place prints the documented output', async (block) => {
      const PATH = `${dirname(composeProgram ?? '')}:${process.env.PATH ?? ''}`
      const program = block.text.replaceAll('image: busybox', `image: ${image}`)
      const env = { DOCKER_HOST: `unix://${socketPath}`, PATH }
      expect(await runDocumentedProgram(program, env)).toBe(toExpectedOutput(block))
    })
  })
})
