import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  type BuildContext,
  createRuntimeHost,
  execManagerCapability,
  networkManagerCapability,
  type RuntimePlugin,
  type RuntimeScope,
  requireCapabilities,
  volumeManagerCapability,
} from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeWithBuildKit } from '../../../test/support/test-buildkit.js'
import type { AvailableTestEngine } from '../../../test/support/test-engine.js'
import { findProgram } from '../../../tools/engine/engine-packages.mjs'
import { BuildKitFeature, type BuildKitOptions, type BuildKitSidecar, type BuildRequest } from '../src/index.js'

/** Opens the engine with a report that also refuses the fields in `unsupportedOptions`. */
async function open(
  { socketPath }: AvailableTestEngine,
  { unsupportedOptions = [] }: { readonly unsupportedOptions?: readonly ('privileged' | 'capAdd')[] } = {},
): Promise<RuntimeScope> {
  const docker = dockerPlugin({ endpoint: `unix://${socketPath}` })
  const plugin: RuntimePlugin<unknown> = {
    ...docker,
    async probe(options) {
      const result = await docker.probe(options)
      if (!result.available) return result
      const refused = unsupportedOptions.map((field) => ({ field, reason: 'refused by a test', remedy: undefined }))
      return { ...result, unsupportedOptions: [...result.unsupportedOptions, ...refused] }
    },
  }
  // With a name of its own, a sweep removes no object of other tests.
  return createRuntimeHost({ plugins: [plugin], env: {}, app: 'capstan-test-buildkit' }).open()
}

/** Returns a Dockerfile with these steps on busybox, and its files. */
function toFiles(...steps: readonly string[]): Record<string, string | Uint8Array> {
  const program = findProgram('busybox')
  if (program === undefined) throw new Error('this machine has no busybox, which the test images need')
  return {
    Dockerfile: ['FROM scratch', 'COPY --chmod=755 busybox /bin/sh', ...steps, ''].join('\n'),
    busybox: readFileSync(program),
  }
}

const requireSecret = 'RUN --mount=type=secret,id=tok,required=true test -f /run/secrets/tok'

type Sidecar = Pick<BuildKitSidecar, 'containerId'>

async function readOutput(scope: RuntimeScope, { containerId }: Sidecar, script: string): Promise<string> {
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  const { stdout } = await execs.exec(containerId, ['sh', '-c', script], { stdin: false })
  return text(stdout)
}

/** Stops the daemon's process by SIGSTOP: it exists and does not respond. */
async function suspend(scope: RuntimeScope, sidecar: Sidecar): Promise<void> {
  const script = `for process in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <$process/cmdline) in
    "node "*" buildkitd "* | "buildkitd "*) 
      kill -STOP "\${process#/proc/}" && until grep '^State:.*T' $process/status; do sleep 0.01; done;;
  esac
done`
  expect(await readOutput(scope, sidecar, script)).toMatch(/^State:\s+T/)
}

class Archive extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('latin1')
    done()
  }
}

describeWithBuildKit('BuildKit on a container engine', (given) => {
  const { buildkitImage: image } = given

  const createName = () => `capstan-test-buildkit-${process.pid}-${Math.random().toString(36).slice(2, 8)}`

  async function openFeature(name = createName()) {
    const scope = await open(given)
    onTestFinished(() => scope.runtime.close())
    const listLeftovers = async () => {
      const needs = { networks: networkManagerCapability, volumes: volumeManagerCapability }
      const { networks, volumes } = requireCapabilities(scope, needs)
      const all = [await scope.runtime.listContainers(), await networks.listNetworks(), await volumes.listVolumes()]
      return all.flat().flatMap((object) => (object.name.startsWith(name) ? [object.name] : []))
    }
    return { scope, name, feature: scope.resolve(BuildKitFeature), listLeftovers }
  }

  async function start(options: BuildKitOptions = {}) {
    const opened = await openFeature()
    const given = { image, name: opened.name, graceMs: 100, ...options }
    return { ...opened, options: given, sidecar: await opened.feature.start(given) }
  }

  /** Starts a process that holds a lease until it is killed. `started` resolves when it has printed something. */
  function hold(name: string) {
    const program = fileURLToPath(new URL('programs/hold-buildkit.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, `unix://${given.socketPath}`, image, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    onTestFinished(() => void child.kill('SIGKILL'))
    return {
      started: once(child.stdout, 'data'),
      async kill() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  test('starts, answers, and is removed after its only lease', async () => {
    const { scope, sidecar, listLeftovers } = await start()
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    expect(await sidecar.workers()).toMatchObject([{ version: expect.stringMatching(/^v0\.\d+\.\d+/) }])
    expect(['privileged', 'added-capabilities', 'all-capabilities']).toContain(sidecar.privilege)
    expect((await listLeftovers()).length).toBe(4)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers()).toEqual([])
  })

  test('shares a sidecar between two starts, and keeps it after the first lease is released', async () => {
    const { scope, feature, options, sidecar, listLeftovers } = await start()
    const other = await feature.start(options)
    expect(other.containerId).toBe(sidecar.containerId)
    await sidecar[Symbol.asyncDispose]()
    expect(await scope.runtime.containerState(other.containerId)).toBe('running')
    await other[Symbol.asyncDispose]()
    expect(await listLeftovers()).toEqual([])
  })

  test('builds an archive from the context, and puts no secret into a command line or the image', async () => {
    const { scope, sidecar } = await start()
    const archive = new Archive()
    const steps = ['COPY a /a', requireSecret, 'COPY --chmod=755 busybox /bin/sleep', 'RUN echo begun; sleep 1']
    const build = sidecar.build({
      context: { files: { ...toFiles(...steps), 'a/b.txt': 'in it' } },
      secrets: { tok: 'hunter2' },
      output: { type: 'archive', format: 'files', to: archive },
    })
    let during = ''
    for await (const event of build) {
      if (event.type === 'log') during = await readOutput(scope, sidecar, 'cat /proc/*/cmdline')
    }
    expect(during).toContain('buildkitd')
    expect(during).not.toContain('hunter2')
    expect(await build.result).toMatchObject({ builder: 'sidecar', unsupportedFeatures: [] })
    expect(archive.text).toContain('in it')
    expect(archive.text).not.toContain('hunter2')
    await sidecar[Symbol.asyncDispose]()
  })

  describe('a build', () => {
    const dockerfileText = 'FROM scratch\nCOPY . /\n'

    async function startBuilding() {
      const started = await start()
      const build = async (context: BuildContext, options: Partial<BuildRequest> = {}) => {
        const archive = new Archive()
        const output = { type: 'archive', format: 'files', to: archive } as const
        await started.sidecar.build({ context, dockerfileText, output, ...options }).result
        return archive.text
      }
      return { ...started, build }
    }

    async function makeDirectory(files: Readonly<Record<string, string>>, time: number) {
      const directory = await mkdtemp(join(tmpdir(), 'capstan-context-'))
      onTestFinished(() => rm(directory, { recursive: true, force: true }))
      await change(directory, files, time)
      return directory
    }

    /** Writes the files and sets their time, in seconds. */
    async function change(directory: string, files: Readonly<Record<string, string>>, time: number) {
      const date = new Date(time * 1000) // as a number, Node would treat a negative time as the current time
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(directory, name)), { recursive: true })
        await writeFile(join(directory, name), text)
        await utimes(join(directory, name), date, date)
      }
    }

    test('contains the current contents of files in memory when names and sizes are unchanged', async () => {
      const { build, sidecar } = await startBuilding()
      for (const text of ['one 1', 'two 2', 'one 1', 'six 6']) {
        expect(await build({ files: { 'a/b.txt': text, other: 'the same' } })).toContain(text)
        expect(await build({ files: { 'a/b.txt': text.toUpperCase() } }, { noCache: true })).toContain(
          text.toUpperCase(),
        )
      }
      await sidecar[Symbol.asyncDispose]()
    })

    // The time of npm's packages, 1970, a time before 1970, one beyond 32 bits, and one with a fraction.
    test.for([499_162_500, 0, -1_000_000_000, 4_102_444_800, 1_700_000_000.25])(
      'contains the current contents of files in a directory when their time is always %d',
      async (time) => {
        const { build, sidecar } = await startBuilding()
        const directory = await makeDirectory({ 'package/index.js': 'one 1', 'package/other.js': 'the same' }, time)
        for (const text of ['one 1', 'two 2', 'one 1']) {
          await change(directory, { 'package/index.js': text }, time)
          expect(await build({ directory })).toContain(text)
        }
        await sidecar[Symbol.asyncDispose]()
      },
    )

    test('contains the current contents of files in a directory that change within one second', async () => {
      const { build, sidecar } = await startBuilding()
      const directory = await makeDirectory({ 'a.txt': 'one 1' }, 1_700_000_000.1)
      expect(await build({ directory })).toContain('one 1')
      await change(directory, { 'a.txt': 'two 2' }, 1_700_000_000.9)
      expect(await build({ directory })).toContain('two 2')
      await sidecar[Symbol.asyncDispose]()
    })

    test('contains the files of its directory when another one has the same names, sizes and times', async () => {
      const { build, sidecar } = await startBuilding()
      const one = await makeDirectory({ 'a.txt': 'one 1' }, 499_162_500)
      const other = await makeDirectory({ 'a.txt': 'two 2' }, 499_162_500)
      for (const [directory, text] of [
        [one, 'one 1'],
        [other, 'two 2'],
        [one, 'one 1'],
        [other, 'two 2'],
      ] as const) {
        expect(await build({ directory })).toContain(text)
      }
      await sidecar[Symbol.asyncDispose]()
    })

    test('contains the files of its own context while other builds run', async () => {
      const { build, sidecar } = await startBuilding()
      const texts = Array.from({ length: 3 }, (_, index) => `text ${index}`)
      for (let round = 0; round < 3; round += 1) {
        const built = await Promise.all(texts.map((text) => build({ files: { 'a.txt': `${text}, ${round}` } })))
        for (const [index, archive] of built.entries()) expect(archive).toContain(`text ${index}, ${round}`)
      }
      await sidecar[Symbol.asyncDispose]()
    })

    test('sends only changed files to the daemon again', async ({ skip }) => {
      skip(!given.isFakeBuildKit, 'only the fake BuildKit records the files that it receives')
      const { scope, build, sidecar } = await startBuilding()
      const listSent = async () =>
        JSON.parse(await readOutput(scope, sidecar, 'cat /var/lib/buildkit/fake-buildkit-sent.json'))
      const directory = await makeDirectory({ a: 'one 1', b: 'the same', 'c/d': 'the same' }, 499_162_500)
      await build({ directory })
      expect(await listSent()).toEqual(['a', 'b', 'c/d'])
      // A file that has just been written is sent again, because its content may change without a change of its times.
      const buildAgain = async (options?: Partial<BuildRequest>) => {
        await build({ directory }, options)
        return await listSent()
      }
      await expect.poll(() => buildAgain()).toEqual([])
      await change(directory, { a: 'two 2' }, 499_162_500)
      await build({ directory })
      expect(await listSent()).toEqual(['a'])
      await expect.poll(() => buildAgain({ noCache: true })).toEqual([])
      await chmod(join(directory, 'b'), 0o600)
      await build({ directory })
      expect(await listSent()).toEqual(['b'])
      await sidecar[Symbol.asyncDispose]()
    })
  })

  test('builds the text of a Dockerfile that is not in the context', async () => {
    const { sidecar } = await start()
    const archive = new Archive()
    const context = { files: { 'a.txt': 'in it' } }
    const output = { type: 'archive', format: 'files', to: archive } as const
    const dockerfileText = 'FROM scratch\nCOPY a.txt /\n'
    await sidecar.build({ context, dockerfileText, output }).result
    expect(archive.text).toContain('in it')
    await sidecar[Symbol.asyncDispose]()
  })

  test('uses the steps of another daemon, whose cache it imports from a directory', async ({ skip }) => {
    skip(given.isFakeBuildKit, 'the fake BuildKit has no caches')
    const directory = await mkdtemp(join(tmpdir(), 'capstan-cache-test-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const context = { files: toFiles('RUN echo line >/file') }
    const readState = async (caches: Pick<BuildRequest, 'cacheFrom' | 'cacheTo'>) => {
      const { sidecar } = await start()
      const build = sidecar.build({
        context,
        output: { type: 'archive', format: 'files', to: new Archive() },
        ...caches,
      })
      const states = []
      for await (const event of build) if (event.type === 'step' && event.name.includes('RUN')) states.push(event.state)
      await build.result
      await sidecar[Symbol.asyncDispose]()
      return states.at(-1)
    }
    expect(await readState({ cacheTo: [{ type: 'local', dest: directory, mode: 'max' }] })).toBe('completed')
    expect(await readState({ cacheFrom: [{ type: 'local', src: directory }] })).toBe('cached')
    expect(await readState({})).toBe('completed')
  })

  test('lists workers and cache records, and prunes them', async () => {
    const { sidecar } = await start()
    const [worker] = await sidecar.workers()
    expect(worker).toMatchObject({ id: expect.stringMatching(/^\w{25}$/), version: expect.stringMatching(/^v0\.\d+/) })
    expect(worker?.platforms[0]).toMatch(/^linux\/\w+$/)
    await sidecar.build({ context: { files: toFiles('RUN echo line') }, output: { type: 'cache-only' } }).result
    // Records stay in use for a moment after the end of a build. Some then get another id.
    await expect.poll(async () => (await sidecar.diskUsage()).filter(({ inUse }) => inUse)).toEqual([])
    const records = await sidecar.diskUsage()
    expect(records.length).toBeGreaterThan(1)
    expect(records.map(({ description }) => description).join()).toContain('local source for context')
    expect(records.every(({ createdAt }) => createdAt !== undefined && createdAt.getTime() <= Date.now())).toBe(true)
    const removed = await sidecar.prune({ all: true })
    expect(removed.map(({ id }) => id)).toEqual(expect.arrayContaining(records.map(({ id }) => id)))
    expect(await sidecar.diskUsage()).toEqual([])
    await sidecar[Symbol.asyncDispose]()
  })

  test('reconnects after a lost connection, and rejects when the sidecar was removed', async () => {
    const { scope, sidecar } = await start()
    await sidecar.workers()
    await readOutput(scope, sidecar, 'for pid in $(pidof buildctl || pgrep -f dial-stdio); do kill $pid; done')
    await expect
      .poll(() =>
        sidecar.workers().then(
          (workers) => workers.length,
          () => 0,
        ),
      )
      .toBe(1)
    await scope.runtime.removeContainer(sidecar.containerId)
    await expect(sidecar.workers()).rejects.toMatchObject({
      code: expect.stringMatching(/^(CONNECTION_LOST|CONTAINER_NOT_FOUND|NOT_RUNNING)$/),
    })
    await sidecar[Symbol.asyncDispose]()
  })

  // The image of the fake BuildKit is also its rootless image.
  const rootlessImage = given.isFakeBuildKit ? image : given.rootlessImage

  test.for([
    { level: 'privileged', unsupportedOptions: [] } as const,
    { level: 'rootless', unsupportedOptions: ['privileged'] } as const,
  ])('answers, copies files and runs steps at the level $level', async ({ level, unsupportedOptions }, { skip }) => {
    skip(level === 'rootless' && rootlessImage === undefined, 'there is no rootless image')
    const scope = await open(given, { unsupportedOptions })
    onTestFinished(() => scope.runtime.close())
    const options = { image, name: createName(), graceMs: 100, ...(rootlessImage && { rootlessImage }) }
    await using sidecar = await scope.resolve(BuildKitFeature).start(options)
    expect(sidecar.privilege).toBe(level)
    const archive = new Archive()
    const files = { ...toFiles('COPY a.txt /', 'RUN true'), 'a.txt': 'in it' }
    await sidecar.build({ context: { files }, output: { type: 'archive', format: 'files', to: archive } }).result
    expect(archive.text).toContain('in it')
  })

  test('is ready with added capabilities if the test build succeeds, and otherwise rejects with the reason', async () => {
    const scope = await open(given, { unsupportedOptions: ['privileged'] })
    onTestFinished(() => scope.runtime.close())
    const starting = scope.resolve(BuildKitFeature).start({ image, name: createName(), graceMs: 100 })
    const sidecar = await starting.catch((error: unknown) => error)
    if (sidecar instanceof Error) {
      expect(sidecar).toMatchObject({
        code: 'OPTION_UNSUPPORTED',
        facts: {
          field: 'privileged',
          reason: expect.stringMatching(
            /added-capabilities: BuildKit answers, but the RUN of a test build failed: .*read-only file system/,
          ),
        },
      })
      return
    }
    await using running = await starting
    await running.build({ context: { files: toFiles('RUN true') }, output: { type: 'cache-only' } }).result
  })

  test('removes a pinned sidecar whose daemon does not respond by stop()', async () => {
    const { scope, feature, options, sidecar, listLeftovers } = await start()
    await sidecar.pin()
    await sidecar[Symbol.asyncDispose]()
    await suspend(scope, sidecar)
    expect(await feature.stop(options)).toBe('stopped')
    expect(await listLeftovers()).toEqual([])
  })

  test('stops a sidecar whose daemon does not respond when its last lease is released', async () => {
    const { scope, sidecar, listLeftovers } = await start()
    await suspend(scope, sidecar)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers()).toEqual([])
  })

  test('lets a connected container use the socket, but not remove or replace it', async () => {
    const { scope, name, sidecar } = await start()
    const attempts = ['rm', 'mv', 'ln -sf /tmp/own', 'echo >'].map((program) => {
      const target = program === 'mv' ? '"$socket" "$socket.old"' : '"$socket"'
      return `if ${program} ${target}; then echo taken; fi`
    })
    const script = [
      'socket=/run/buildkit/buildkitd.sock',
      ...attempts,
      'if touch "$socket.new"; then echo written; fi',
      'buildctl debug workers >/dev/null && echo connected',
    ].join('; ')
    const config = { name: `${name}-client`, image, entrypoint: ['sh', '-c', script] }
    const id = await scope.runtime.createContainer(sidecar.connect(config))
    onTestFinished(() => scope.runtime.removeContainer(id))
    await scope.runtime.startContainer(id)
    await scope.runtime.waitContainer(id)
    const log = Buffer.from(await scope.runtime.containerLogsAll(id)).toString()
    expect(log).toContain('connected')
    expect(log).not.toMatch(/^(taken|written)$/m)
    expect(await sidecar.workers()).toHaveLength(1)
    await scope.runtime.removeContainer(id)
    await sidecar[Symbol.asyncDispose]()
  })

  test('ends when the process of its only lease is killed, and a sweep removes its network and volumes', async () => {
    const { scope, name, listLeftovers } = await openFeature()
    const holder = hold(name)
    await holder.started
    const isRunning = async () =>
      (await scope.runtime.listContainers()).some((one) => one.name === name && one.state === 'running')
    expect(await isRunning()).toBe(true)
    await holder.kill()
    await expect.poll(isRunning, { timeout: 3000 }).toBe(false)
    await scope.sweep()
    expect(await listLeftovers()).toEqual([])
  })

  test('ends when the process of its only lease is killed and the daemon does not respond, and a sweep removes the rest', async () => {
    const { scope, name, listLeftovers } = await openFeature()
    const holder = hold(name)
    await holder.started
    const [{ id: containerId } = { id: '' }] = (await scope.runtime.listContainers()).filter((one) => one.name === name)
    await suspend(scope, { containerId })
    await holder.kill()
    await scope.runtime.waitContainer(containerId)
    await scope.sweep()
    expect(await listLeftovers()).toEqual([])
  })

  test('runs without a lease and through a sweep while it is pinned, and is removed after unpin', async () => {
    const { scope, feature, options, sidecar, listLeftovers } = await start()
    await sidecar.pin()
    await sidecar[Symbol.asyncDispose]()
    await scope.sweep()
    const found = await feature.find(options)
    expect(found?.containerId).toBe(sidecar.containerId)
    expect(await found?.workers()).toHaveLength(1)
    await found?.unpin()
    await found?.[Symbol.asyncDispose]()
    expect(await listLeftovers()).toEqual([])
    expect(await feature.find(options)).toBeUndefined()
  })

  test('is not removed by a sweep while a lease is held, also when its creator is dead', async () => {
    const { scope, feature, name, listLeftovers } = await openFeature()
    const holder = hold(name)
    await holder.started
    const sidecar = await feature.start({ image, name, graceMs: 100 })
    await holder.kill()
    await expect.poll(() => readOutput(scope, sidecar, 'ls /tmp/capstan-daemon/leases | wc -l')).toMatch(/^\s*1$/m)
    await scope.sweep()
    expect(await sidecar.workers()).toHaveLength(1)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeftovers()).toEqual([])
  })

  test('removes all objects after 100 starts, of which half are aborted and a fifth are killed, and one sweep', async () => {
    const { scope, feature, name, listLeftovers } = await openFeature()
    const runOne = async (index: number) => {
      const sidecarName = `${name}-${index % 7}`
      if (index % 5 === 0) {
        const holder = hold(sidecarName)
        await new Promise((resolve) => setTimeout(resolve, 200 + ((index * 37) % 800)))
        return holder.kill()
      }
      const controller = new AbortController()
      if (index % 2 === 1) setTimeout(() => controller.abort('enough'), (index * 53) % 700)
      try {
        const sidecar = await feature.start({ image, name: sidecarName, graceMs: 50, signal: controller.signal })
        await sidecar[Symbol.asyncDispose]()
      } catch (error) {
        if (error !== 'enough') throw error
      }
    }
    const next = Array.from({ length: 100 }, (_, index) => index)
    const lane = async () => {
      for (let index = next.shift(); index !== undefined; index = next.shift()) await runOne(index)
    }
    await Promise.all([lane(), lane(), lane(), lane()])
    const countRunning = async () =>
      (await scope.runtime.listContainers()).filter((one) => one.name.startsWith(name) && one.state === 'running')
        .length
    await expect.poll(countRunning, { timeout: 10_000 }).toBe(0)
    await scope.sweep()
    expect(await listLeftovers()).toEqual([])
  }, 240_000)

  test('rejects with the last lines for an image without BuildKit, and removes all objects', async () => {
    const { feature, options, sidecar, listLeftovers } = await start()
    await sidecar[Symbol.asyncDispose]()
    await expect(feature.start({ ...options, image: given.image })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 127.*buildkitd/s),
    })
    expect(await listLeftovers()).toEqual([])
  })
})
