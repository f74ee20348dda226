import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { printReport } from '../../../../test/support/print-report.js'
import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { runtimePluginSuite } from '../../src/index.js'

describeWithCompose('the Docker runtime with a real Compose', (composeProgram) => {
  describeWithEngine('on a real engine', ({ socketPath, image }) => {
    runtimePluginSuite(
      { describe, it, beforeAll, afterAll },
      {
        plugin: dockerPlugin({ composeProgram }),
        image,
        env: { ...process.env, DOCKER_HOST: `unix://${socketPath}` },
        only: ['CMP'],
        onReport: (report) => printReport(report, ' (Compose)'),
      },
    )
  })
})
