import { fileURLToPath } from 'node:url'
import { type ConformanceReport, runtimePluginSuite } from '@capstan/conformance'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printReport } from '../../../test/support/print-report.js'
import { applePlugin } from '../src/index.js'
import { describeWithSimulator, problem } from './simulator/describe-with-simulator.js'
import { appleSilicon } from './simulator/open-apple.js'
import { releases, startSimulator } from './simulator/start-simulator.mjs'

// What is registered differs only where there is something to register: on macOS 15 both come to the same.
const runs = [
  ['0.12 on macOS 15', 'none'],
  ['0.12 on macOS 26', 'probe'],
  ['1.2 on macOS 15', 'probe'],
  ['1.2 on macOS 26', 'none'],
  ['1.2 on macOS 26', 'probe'],
] as const

for (const [on, managers] of runs) {
  const release = releases[on]
  const title = `${on}, managers: ${managers}`
  // The suite wants to know its environment when it is declared.
  const simulator = problem === undefined ? await startSimulator({ release }) : undefined
  const path = `${simulator?.home ?? ''}:${process.env.PATH}`

  describeWithSimulator(`the Apple runtime on the simulator of ${title}`, () => {
    let report: ConformanceReport | undefined
    runtimePluginSuite(
      { describe, it, beforeAll, afterAll },
      {
        plugin: { ...applePlugin({ platform: appleSilicon, managers }), probeTimeoutMs: 20_000 },
        image: simulator?.image ?? '',
        env: { ...process.env, PATH: path },
        unavailableEnv: { PATH: '' },
        // The simulated host and peers are reached by a program of the image: see simulator/host-calls.mjs.
        programs: { connect: (host, port) => ['connect', host, String(port)] },
        ...(managers === 'probe' && {
          specifier: fileURLToPath(new URL('fixtures/apple-plugin.mjs', import.meta.url)),
        }),
        onReport: (made) => {
          report = made
          printReport(made, ` (${title})`)
        },
      },
    )

    it('has called the command by nothing but its grammar, and has left nothing that runs', async () => {
      const calls = simulator?.calls() ?? []
      expect(calls.length).toBeGreaterThan(1000)
      expect(calls.filter(({ problem }) => problem !== undefined)).toEqual([])
      expect((await simulator?.control({}))?.pids).toEqual([])
      expect(report?.counts.failed).toBe(0)
    })

    afterAll(() => simulator?.close())
  })
}
