import { memoryPlugin } from '@capstan/runtime-memory'
import { expect, test } from 'vitest'
import { runConformance } from '../../src/index.js'
import { addBuildService, buildServiceFaults } from './build-service-faults.js'
import { composeFaults } from './compose-faults.js'
import { describeFaults } from './describe-faults.js'
import { imageFaults } from './image-faults.js'
import { jobFaults } from './job-faults.js'
import { managerFaults } from './manager-faults.js'
import { pluginFaults } from './plugin-faults.js'
import { serviceFaults } from './service-faults.js'

test('a plugin with connections to BuildKit passes the cases of them', async () => {
  const plugin = addBuildService(memoryPlugin())
  const only = ['PRB', 'REG', 'BSV', 'ABT-043', 'ABT-044', 'CLS-017', 'CLS-018', 'CLS-019']
  const { cases } = await runConformance({ plugin, image: 'busybox:latest', only })
  expect(cases.filter(({ id }) => /BSV|043|044|017|018|019/.test(id)).map(({ status }) => status)).toEqual(
    Array(14).fill('passed'),
  )
  expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
})

describeFaults([...managerFaults, ...imageFaults])
// The other cases do not depend on projects, jobs and services.
describeFaults([...composeFaults, ...jobFaults], { cases: ['PRB', 'REG', 'SWP'] })
describeFaults(serviceFaults, {
  createPlugin: () => memoryPlugin({ cluster: { nodes: 3 } }),
  cases: ['PRB', 'REG', 'SWP'],
})
// Two of these would make each other ineffective.
describeFaults(pluginFaults, { atOnce: 1 })
// The other cases do not build.
describeFaults(buildServiceFaults, { atOnce: 1, cases: ['PRB', 'REG', 'BSV', 'CLS', 'SWP'] })
