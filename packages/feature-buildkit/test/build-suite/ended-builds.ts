import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { execManagerCapability, requireCapabilities } from '@capstan/core'
import { expect, onTestFinished } from 'vitest'
import type { BuildProgressEvent, BuildRequest } from '../../src/index.js'
import { createDirectory } from './build-files.js'
import { findProcesses } from './processes.js'
import { type DeclareBuild, suiteLabel, type TestedBuilder, toContext } from './tested-builder.js'

/** Declares the builds that are aborted, and those whose process is killed. */
export function defineEndedBuilds(declare: DeclareBuild): void {
  /** Aborts a build at the first of these events, and checks the error and that the engine has no image of it. */
  const abortAt = async (
    builder: TestedBuilder,
    request: BuildRequest,
    isReached: (event: BuildProgressEvent) => boolean,
  ) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const build = builder.build(request, { signal: controller.signal })
    for await (const event of build) if (isReached(event)) controller.abort(reason)
    await expect(build.result).rejects.toBe(reason)
    expect(controller.signal.aborted).toBe(true)
    expect(await builder.scope.runtime.listImages({ labels: { [suiteLabel]: builder.runId } })).toEqual([])
  }

  declare('rejects with the reason of an abort before the build, and emits no event', async (builder) => {
    const build = builder.build(
      { context: toContext([]), output: { type: 'cache-only' } },
      { signal: AbortSignal.abort('enough') },
    )
    const events: string[] = []
    for await (const { type } of build) events.push(type)
    await expect(build.result).rejects.toBe('enough')
    expect(events).toEqual([])
  })

  declare('rejects with the reason of an abort while the context is transferred', async (builder) => {
    const directory = createDirectory()
    createLargeFile(directory)
    const request = {
      context: { directory },
      dockerfileText: 'FROM scratch\nCOPY . /\n',
      output: toLoadOutput(builder, 'context'),
    }
    await abortAt(builder, request, ({ type }) => type === 'transfer')
  })

  declare('rejects with the reason of an abort in a RUN, and ends the step', async (builder) => {
    const request = {
      context: toContext([`RUN echo ${builder.stepId}; sleep 600; true`]),
      output: toLoadOutput(builder, 'run'),
    }
    const processCounts: number[] = []
    await abortAt(builder, request, ({ type }) => {
      if (type === 'log') processCounts.push(findProcesses(builder.stepId).length)
      return type === 'log'
    })
    if (!builder.isFake) expect(processCounts[0]).toBeGreaterThan(0)
    await expect.poll(() => findProcesses(builder.stepId)).toEqual([])
  })

  declare(
    'rejects with the reason of an abort while the image is exported',
    async (builder) => {
      const lines = [`RUN echo ${builder.runId} >/large; head -c ${exportedBytes} /dev/zero >>/large`]
      const request = { context: toContext(lines), output: toLoadOutput(builder, 'export') }
      await abortAt(builder, request, (event) => event.type === 'step' && event.name.startsWith('exporting'))
    },
    { fake: 'exports an image at once' },
  )

  declare('rejects with the reason of an abort while the receiver of the result waits', async (builder) => {
    const controller = new AbortController()
    const to = new Writable({ highWaterMark: 1, write: () => controller.abort('enough') })
    const output = { type: 'archive', format: 'files', to } as const
    const { result } = builder.build({ context: toContext([]), output }, { signal: controller.signal })
    await expect(result).rejects.toBe('enough')
    expect(to.destroyed).toBe(true)
  })

  for (const stage of ['context', 'step', 'output'] as const) {
    declare(`ends a build whose process is killed at the stage "${stage}", and builds again`, async (builder) => {
      const directory = createDirectory()
      const run = 'RUN --mount=type=secret,id=token,required=true'
      const lines = {
        context: ['COPY large /'],
        step: [`${run} echo ${builder.stepId}; sleep 600; true`],
        output: [`${run} echo ${builder.runId} >/made`],
      }[stage]
      for (const [path, content] of Object.entries(toContext(lines).files))
        writeFileSync(join(directory, path), content)
      if (stage === 'context') createLargeFile(directory)
      const child = startChild(builder, directory, stage)
      await untilFirstLine(child)
      if (stage === 'step' && !builder.isFake) expect(findProcesses(builder.stepId)).not.toEqual([])
      child.kill('SIGKILL')
      await once(child, 'exit')
      await expect.poll(() => findProcesses(builder.stepId)).toEqual([])
      await expectNotInSidecar(builder, 'hunter22')
      const context = toContext([`RUN echo ${builder.runId} after ${stage}`])
      await builder.build({ context, output: { type: 'cache-only' } }).result
    })
  }
}

/** Creates a file that is sent for some seconds, and takes no space. */
function createLargeFile(directory: string): void {
  const path = join(directory, 'large')
  writeFileSync(path, '')
  truncateSync(path, 8 * 2 ** 30)
}

function toLoadOutput({ runId }: TestedBuilder, tag: string) {
  return { type: 'load', tags: [`${runId}:${tag}`] } as const
}

/** Starts a process that builds until the stage, prints a line there, and waits. */
function startChild({ engine, sidecar }: TestedBuilder, directory: string, stage: string) {
  const program = fileURLToPath(new URL('../programs/build-until-killed.mjs', import.meta.url))
  const words = [`unix://${engine.socketPath}`, directory, stage, ...(sidecar ? [sidecar.image, sidecar.name] : [])]
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

/** Resolves when a process has printed something. Rejects if it cannot be started or exits before. */
async function untilFirstLine(child: ChildProcessByStdio<null, Readable, null>): Promise<void> {
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the process of the build has exited with ${code ?? signal}`)
  })
  await Promise.race([once(child.stdout, 'data'), exited])
}

/** Checks that no file of the sidecar that is not in its cache has a text. */
async function expectNotInSidecar({ scope, sidecar, runId }: TestedBuilder, text: string): Promise<void> {
  if (sidecar === undefined) return
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  const directories = ['/tmp', '/dev/shm', '/root', '/run']
  // A file with a text that is found shows that the directory was searched.
  const script = `for directory in ${directories.join(' ')}; do echo ${runId} >$directory/${runId}; done
find ${directories.join(' ')} -type f -exec grep -lF -e ${runId} -e ${text} {} +`
  const { stdout } = await execs.exec(sidecar.containerId, ['sh', '-c', script], { stdin: false })
  const found = (await readText(stdout)).trim().split('\n')
  expect(found.toSorted()).toEqual(directories.map((directory) => `${directory}/${runId}`).toSorted())
}

/** The export of these bytes takes longer than its first event. */
const exportedBytes = 100_000_000
