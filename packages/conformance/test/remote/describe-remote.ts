import { fileURLToPath } from 'node:url'
import type { Environment } from '@capstan/core/plugin'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { printReport } from '../../../../test/support/print-report.js'
import { describeWithFirewallImage } from '../../../../test/support/test-engine.js'
import { runtimePluginSuite } from '../../src/index.js'

/**
 * Declares the cases of the kit in which the connection to the engine matters: those with streams, uploads, half-closed input and
 * aborts. With CAPSTAN_REMOTE_KIT=all the whole kit.
 */
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
        ...(process.env.CAPSTAN_REMOTE_KIT === 'all' ? {} : { only }),
        onReport: (report) => printReport(report, ` (${transport})`),
      },
    )
  })
}

const builds = ['BLD-002', 'BLD-003', 'BLD-019', 'BLD-023', 'BSV']
const only = ['LOG', 'ATT', 'EXEC', 'FILE', 'ABT', 'CLS', 'PROC', 'EVT', 'XFER-002', 'FW-001', 'FW-015', ...builds]
