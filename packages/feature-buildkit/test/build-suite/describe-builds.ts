import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipTest } from '../../../../test/support/test-engine.js'
import { listEngineObjects } from '../../../../tools/engine/leftovers.mjs'
import { defineBuildContents } from './build-contents.js'
import { defineEndedBuilds } from './ended-builds.js'
import { defineFailedBuilds } from './failed-builds.js'
import { defineOutputBuilds } from './output-builds.js'
import { findProcesses } from './processes.js'
import { defineSecretBuilds } from './secret-builds.js'
import { type DeclareBuild, suiteLabel, type TestedBuilder } from './tested-builder.js'

/**
 * Declares the suite of builds, inside of a `describe`. All tests use what `open` opens, or are skipped with the reason that it
 * resolves with. The last test finds what the others have left in the engine.
 */
export function describeBuilds(open: () => Promise<(TestedBuilder & AsyncDisposable) | string>): void {
  let opened: (TestedBuilder & AsyncDisposable) | string = ''

  beforeAll(async () => {
    opened = await open()
  })

  afterAll(async () => {
    if (typeof opened !== 'string') await opened[Symbol.asyncDispose]()
  })

  const declare: DeclareBuild = (title, run, skipReasons = {}) => {
    test(title, async (context) => {
      if (typeof opened === 'string') return skipTest(context, opened)
      if (opened.isFake && skipReasons.fake !== undefined)
        return skipTest(context, `the fake BuildKit ${skipReasons.fake}`)
      if (opened.kind === 'sidecar' && skipReasons.sidecar !== undefined) return skipTest(context, skipReasons.sidecar)
      await run(opened, context)
    })
  }

  defineBuildContents(declare)
  defineFailedBuilds(declare)
  defineSecretBuilds(declare)
  defineOutputBuilds(declare)
  defineEndedBuilds(declare)

  declare('all builds leave nothing in the engine but its cache', async (builder) => {
    await expect.poll(() => findProcesses(builder.stepId)).toEqual([])
    await using history = await builder.openHistory()
    const isRunning = ({ state, attributes }: Awaited<ReturnType<typeof history.builds>>[number]) =>
      state === 'running' && attributes[`label:${suiteLabel}`] === builder.runId
    if (!builder.isFake) await expect.poll(async () => (await history.builds()).filter(isRunning)).toEqual([])
    const objects = await listEngineObjects({ protocol: 'http:', socketPath: builder.engine.socketPath })
    const left = objects.filter(
      ({ name, labels }) => name.includes(builder.runId) || labels[suiteLabel] === builder.runId,
    )
    expect(left.filter(({ name }) => builder.sidecar === undefined || !name.includes(builder.sidecar.name))).toEqual([])
  })
}
