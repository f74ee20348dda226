import { afterAll, beforeAll, expect, test } from 'vitest'
import { skipTest } from '../../../../test/support/test-engine.js'
import { listEngineObjects } from '../../../../tools/engine/leftovers.mjs'
import { defineBuildContents } from './build-contents.js'
import { type BuildWay, type DeclareBuild, suiteLabel } from './build-way.js'
import { defineEndedBuilds } from './ended-builds.js'
import { defineFailedBuilds } from './failed-builds.js'
import { defineOutputBuilds } from './output-builds.js'
import { findProcesses } from './processes.js'
import { defineSecretBuilds } from './secret-builds.js'

/**
 * Declares the suite of builds, inside of a `describe`. All tests use what `open` opens, or are skipped with the reason that it
 * resolves with. The last test finds what the others have left in the engine.
 */
export function describeBuilds(open: () => Promise<(BuildWay & AsyncDisposable) | string>): void {
  let opened: (BuildWay & AsyncDisposable) | string = ''

  beforeAll(async () => {
    opened = await open()
  })

  afterAll(async () => {
    if (typeof opened !== 'string') await opened[Symbol.asyncDispose]()
  })

  const declare: DeclareBuild = (title, run, lacks = {}) => {
    test(title, async (context) => {
      if (typeof opened === 'string') return skipTest(context, opened)
      if (opened.isFake && lacks.fake !== undefined) return skipTest(context, `the fake BuildKit ${lacks.fake}`)
      if (opened.builder === 'sidecar' && lacks.sidecar !== undefined) return skipTest(context, lacks.sidecar)
      await run(opened, context)
    })
  }

  defineBuildContents(declare)
  defineFailedBuilds(declare)
  defineSecretBuilds(declare)
  defineOutputBuilds(declare)
  defineEndedBuilds(declare)

  declare('all builds leave nothing in the engine but its cache', async (way) => {
    await expect.poll(() => findProcesses(way.step)).toEqual([])
    await using history = await way.openHistory()
    const isRunning = ({ state, attributes }: Awaited<ReturnType<typeof history.builds>>[number]) =>
      state === 'running' && attributes[`label:${suiteLabel}`] === way.mark
    if (!way.isFake) await expect.poll(async () => (await history.builds()).filter(isRunning)).toEqual([])
    const objects = await listEngineObjects({ protocol: 'http:', socketPath: way.engine.socketPath })
    const left = objects.filter(({ name, labels }) => name.includes(way.mark) || labels[suiteLabel] === way.mark)
    expect(left.filter(({ name }) => way.sidecar === undefined || !name.includes(way.sidecar.name))).toEqual([])
  })
}
