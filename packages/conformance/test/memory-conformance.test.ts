import { memoryPlugin } from '@capstan/runtime-memory'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { printReport } from '../../../test/support/print-report.js'
import { runtimePluginSuite } from '../src/index.js'

runtimePluginSuite(
  { describe, it, beforeAll, afterAll },
  { plugin: memoryPlugin(), image: 'busybox:latest', concurrency: 16, onReport: printReport },
)

describe('with a simulated cluster', () => {
  runtimePluginSuite(
    { describe, it, beforeAll, afterAll },
    {
      plugin: memoryPlugin({ cluster: { nodes: 3 } }),
      image: 'busybox:latest',
      only: ['REG', 'JOB', 'SVC', 'OWN', 'SWP'],
    },
  )
})
