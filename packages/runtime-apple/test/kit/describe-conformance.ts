import { fileURLToPath } from 'node:url'
import { type ConformanceReport, runtimePluginSuite } from '@capstan/conformance'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printReport } from '../../../../test/support/print-report.js'
import { applePlugin } from '../../src/index.js'
import { describeWithSimulator, problem } from '../simulator/describe-with-simulator.js'
import { appleSilicon } from '../simulator/open-apple.js'
import { releases, startSimulator } from '../simulator/start-simulator.mjs'

/** Declares the conformance kit on the simulator of one release of the command on one macOS. */
export async function describeConformance(on: keyof typeof releases, networks: 'off' | 'if-available'): Promise<void> {
  const title = `${on}, networks: ${networks}`
  // The suite needs its environment when it is declared.
  const simulator = problem === undefined ? await startSimulator({ release: releases[on] }) : undefined
  const path = `${simulator?.home ?? ''}:${process.env.PATH}`

  describeWithSimulator(`the Apple runtime on the simulator of ${title}`, () => {
    let report: ConformanceReport | undefined
    runtimePluginSuite(
      { describe, it, beforeAll, afterAll },
      {
        plugin: { ...applePlugin({ platform: appleSilicon, networks }), probeTimeoutMs: 20_000 },
        image: simulator?.image ?? '',
        env: { ...process.env, PATH: path },
        unavailableEnv: { PATH: '' },
        // A program of the image reaches the simulated host and peers; see simulator/host-calls.mjs.
        programs: { connect: (host, port) => ['connect', host, String(port)] },
        ...(networks === 'if-available' && {
          specifier: fileURLToPath(new URL('../fixtures/apple-plugin.mjs', import.meta.url)),
        }),
        onReport: (made) => {
          report = made
          printReport(made, ` (${title})`)
        },
      },
    )

    it('calls the command only as its grammar allows, and ends all programs', async () => {
      const calls = simulator?.calls() ?? []
      expect(calls.length).toBeGreaterThan(1000)
      expect(calls.filter(({ problem }) => problem !== undefined)).toEqual([])
      expect((await simulator?.control({}))?.pids).toEqual([])
      expect(report?.counts.failed).toBe(0)
    })

    afterAll(() => simulator?.close())
  })
}
