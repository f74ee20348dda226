import { fileURLToPath } from 'node:url'
import type { Environment } from '@capstan/core/plugin'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { printReport } from '../../../../test/support/print-report.js'
import { describeWithFirewallImage } from '../../../../test/support/test-engine.js'
import { runtimePluginSuite } from '../../src/index.js'

/** Declares the kit for the engine that `env` names. */
export function describeRemote(transport: string, env: Environment): void {
  describeWithFirewallImage(`the Docker runtime over ${transport}`, ({ image, firewallImage }) => {
    runtimePluginSuite(
      { describe, it, beforeAll, afterAll },
      {
        plugin: dockerPlugin(),
        image,
        firewallImage,
        env: { ...process.env, ...env },
        unavailableEnv: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
        specifier: fileURLToPath(new URL('../fixtures/docker-plugin.mjs', import.meta.url)),
        onReport: (report) => printReport(report, ` (${transport})`),
      },
    )
  })
}
