import { execManagerCapability, type Healthcheck, imageBuilderCapability, runtimeCapability } from '@capstan/core'
import { expectEqual } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, expectListed, startContainer } from '../steps/containers.js'
import { readExec, startExec } from '../steps/exec.js'
import { buildImage } from '../steps/images.js'

export const healthCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, requiredOptions: ['healthcheck'] },
  {
    'HLTH-001': {
      title: 'a container is healthy after a successful check, and has no health before the start and after the stop',
      run: async (context) => {
        const healthcheck = { command: context.programs.exit(0), intervalMs: 200 }
        const id = await createContainer(context, { healthcheck, command: context.programs.sleep(60) })
        expectEqual(await readHealth(context, id), [undefined, undefined], 'the health before the start')
        await context.runtime.startContainer(id)
        await untilHealth(context, id, 'healthy')
        expectEqual(await readHealth(context, id), ['healthy', 'healthy'], 'the health after a check')
        await context.runtime.stopContainer(id, { graceMs: 0 })
        expectEqual(await readHealth(context, id), [undefined, undefined], 'the health after the stop')
      },
    },
    'HLTH-002': {
      title: 'a container is unhealthy after failed checks by a text for the shell',
      run: async (context) => await expectUnhealthy(context, { command: 'exit 1', intervalMs: 100, retries: 2 }),
    },
    'HLTH-003': {
      title: 'a check that exceeds timeoutMs has failed',
      run: async (context) => {
        const command = context.programs.sleep(60)
        await expectUnhealthy(context, { command, intervalMs: 100, timeoutMs: 200, retries: 1 })
      },
    },
    'HLTH-004': {
      title: 'failures within startPeriodMs do not count before the first success',
      needs: [execManagerCapability],
      run: async (context) => {
        const command = 'echo checked >> /tmp-checks; exit 1'
        const healthcheck = { command, intervalMs: 100, startPeriodMs: 600_000, retries: 1 }
        const id = await startContainer(context, { healthcheck, command: context.programs.sleep(60) })
        await eventually('three checks', async () => {
          const { stdout } = await readExec(await startExec(context, id, context.programs.read('/tmp-checks')))
          return stdout.split('checked').length > 3 ? true : undefined
        })
        expectEqual(await readHealth(context, id), ['starting', 'starting'], 'the health')
      },
    },
    'HLTH-005': {
      title: 'the health check of the image is used, and "none" turns it off',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const image = await buildImage(context, `FROM ${context.image}\nHEALTHCHECK --interval=200ms CMD true\n`)
        const command = context.programs.sleep(60)
        const checked = await startContainer(context, { image, command })
        const unchecked = await startContainer(context, { image, healthcheck: 'none', command })
        await untilHealth(context, checked, 'healthy')
        expectEqual(await readHealth(context, unchecked), [undefined, undefined], 'the health with "none"')
      },
    },
  },
)

async function expectUnhealthy(context: CaseContext, healthcheck: Healthcheck): Promise<void> {
  const id = await startContainer(context, { healthcheck, command: context.programs.sleep(60) })
  await untilHealth(context, id, 'unhealthy')
  expectEqual(await readHealth(context, id), ['unhealthy', 'unhealthy'], 'the health')
  expectEqual(await context.runtime.containerState(id), 'running', 'the state')
}

async function untilHealth({ runtime, signal }: CaseContext, id: string, health: string): Promise<void> {
  await eventually(`the health "${health}"`, async () =>
    (await runtime.inspectContainer(id, { signal })).health === health ? health : undefined,
  )
}

/** Returns the health in the inspection and in the list. */
async function readHealth(context: CaseContext, id: string): Promise<readonly unknown[]> {
  const inspection = await context.runtime.inspectContainer(id, { signal: context.signal })
  return [inspection.health, (await expectListed(context, id)).health]
}
