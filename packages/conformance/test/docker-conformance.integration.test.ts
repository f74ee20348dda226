import { fileURLToPath } from 'node:url'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { printReport } from '../../../test/support/print-report.js'
import { describeWithFirewallImage } from '../../../test/support/test-engine.js'
import { runtimePluginSuite } from '../src/index.js'

describeWithFirewallImage('the Docker runtime on a real engine', ({ socketPath, image, firewallImage }) => {
  const endpoint = `unix://${socketPath}`
  runtimePluginSuite(
    { describe, it, beforeAll, afterAll },
    {
      plugin: dockerPlugin(),
      image,
      firewallImage,
      env: { ...process.env, DOCKER_HOST: endpoint },
      unavailableEnv: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
      specifier: fileURLToPath(new URL('fixtures/docker-plugin.mjs', import.meta.url)),
      onReport: (report) => printReport(report),
    },
  )
})
