import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { execManagerCapability, requireCapabilities } from '@capstan/core'
import { expect, onTestFinished } from 'vitest'
import type { BuildProgressEvent, BuildRequest } from '../../src/index.js'
import { createDirectory } from './build-files.js'
import { type BuildWay, type DeclareBuild, suiteLabel, toContext } from './build-way.js'
import { findProcesses } from './processes.js'

/** Declares the builds that are aborted, and those whose process is killed. */
export function defineEndedBuilds(declare: DeclareBuild): void {
  /** Aborts a build at the first of these events, and checks the error and that the engine has no image of it. */
  const abortAt = async (way: BuildWay, request: BuildRequest, isReached: (event: BuildProgressEvent) => boolean) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const build = way.build(request, { signal: controller.signal })
    for await (const event of build) if (isReached(event)) controller.abort(reason)
    await expect(build.result).rejects.toBe(reason)
    expect(controller.signal.aborted).toBe(true)
    expect(await way.scope.runtime.listImages({ labels: { [suiteLabel]: way.mark } })).toEqual([])
  }

  declare('rejects with the reason of an abort before the build, without a connection', async (way) => {
    const build = way.build(
      { context: toContext([]), output: { type: 'cache-only' } },
      { signal: AbortSignal.abort('enough') },
    )
    const events: string[] = []
    for await (const { type } of build) events.push(type)
    await expect(build.result).rejects.toBe('enough')
    expect(events).toEqual([])
  })

  declare('rejects with the reason of an abort while the context is transferred', async (way) => {
    const directory = createDirectory()
    createLargeFile(directory)
    const request = { context: { directory }, dockerfileText: 'FROM scratch\nCOPY . /\n', output: load(way, 'context') }
    await abortAt(way, request, ({ type }) => type === 'transfer')
  })

  declare('rejects with the reason of an abort in a RUN, and ends the step', async (way) => {
    const request = { context: toContext([`RUN echo ${way.step}; sleep 600; true`]), output: load(way, 'run') }
    const countSteps: number[] = []
    await abortAt(way, request, ({ type }) => {
      if (type === 'log') countSteps.push(findProcesses(way.step).length)
      return type === 'log'
    })
    if (!way.isFake) expect(countSteps[0]).toBeGreaterThan(0)
    await expect.poll(() => findProcesses(way.step)).toEqual([])
  })

  declare(
    'rejects with the reason of an abort while the image is exported',
    async (way) => {
      const lines = [`RUN echo ${way.mark} >/large; head -c ${exportedBytes} /dev/zero >>/large`]
      const request = { context: toContext(lines), output: load(way, 'export') }
      await abortAt(way, request, (event) => event.type === 'step' && event.name.startsWith('exporting'))
    },
    { fake: 'exports an image at once' },
  )

  declare('rejects with the reason of an abort while the receiver of the result waits', async (way) => {
    const controller = new AbortController()
    const to = new Writable({ highWaterMark: 1, write: () => controller.abort('enough') })
    const output = { type: 'archive', format: 'files', to } as const
    const { result } = way.build({ context: toContext([]), output }, { signal: controller.signal })
    await expect(result).rejects.toBe('enough')
    expect(to.destroyed).toBe(true)
  })

  for (const stage of ['context', 'step', 'output'] as const) {
    declare(`ends a build whose process is killed at the stage "${stage}", and builds again`, async (way) => {
      const directory = createDirectory()
      const lines = { context: ['COPY large /'], step: [`RUN echo ${way.step}; sleep 600; true`], output: [] }[stage]
      for (const [path, content] of Object.entries(toContext(lines).files))
        writeFileSync(join(directory, path), content)
      if (stage === 'context') createLargeFile(directory)
      const child = startChild(way, directory, stage)
      await once(child.stdout, 'data')
      if (stage === 'step' && !way.isFake) expect(findProcesses(way.step)).not.toEqual([])
      child.kill('SIGKILL')
      await once(child, 'exit')
      await expect.poll(() => findProcesses(way.step)).toEqual([])
      expect(await findInSidecar(way, 'hunter22')).toBe('')
      await way.build({ context: toContext([`RUN echo after ${stage}`]), output: { type: 'cache-only' } }).result
    })
  }
}

/** Creates a file that is sent for some seconds, and takes no space. */
function createLargeFile(directory: string): void {
  const path = join(directory, 'large')
  writeFileSync(path, '')
  truncateSync(path, 8 * 2 ** 30)
}

function load({ mark }: BuildWay, tag: string) {
  return { type: 'load', tags: [`${mark}:${tag}`] } as const
}

/** Starts a process that builds until the stage, prints a line there, and waits. */
function startChild({ engine, sidecar }: BuildWay, directory: string, stage: string) {
  const program = fileURLToPath(new URL('../programs/build-until-killed.mjs', import.meta.url))
  const words = [`unix://${engine.socketPath}`, directory, stage, ...(sidecar ? [sidecar.image, sidecar.name] : [])]
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Lists the files of the sidecar with a text that are not in its cache. */
async function findInSidecar({ scope, sidecar }: BuildWay, text: string): Promise<string> {
  if (sidecar === undefined) return ''
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  const command = ['grep', '-r', text, '/tmp', '/dev/shm', '/root', '/run']
  const { stdout } = await execs.exec(sidecar.containerId, command, { stdin: false })
  return readText(stdout)
}

/** The export of these bytes takes longer than its first event. */
const exportedBytes = 100_000_000
