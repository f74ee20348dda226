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

/** `refuses`: as an engine that says beforehand that it does not give it. */
async function open(
  { socketPath }: AvailableTestEngine,
  { refuses = [] }: { readonly refuses?: readonly ('privileged' | 'capAdd')[] } = {},
): Promise<RuntimeScope> {
  const docker = dockerPlugin({ endpoint: `unix://${socketPath}` })
  const plugin: RuntimePlugin<unknown> = {
    ...docker,
    async probe(options) {
      const result = await docker.probe(options)
      if (!result.available) return result
      const taken = refuses.map((field) => ({ field, reason: 'a test takes it away', remedy: undefined }))
      return { ...result, refuses: [...result.refuses, ...taken] }
    },
  }
  return createRuntimeHost({ plugins: [plugin], env: {} }).open()
}

/** A Dockerfile of these steps on nothing but a busybox, and the files that it needs. */
function toFiles(...steps: readonly string[]): Record<string, string | Uint8Array> {
  const program = findProgram('busybox')
  if (program === undefined) throw new Error('this machine has no busybox, of which the test images are made')
  return {
    Dockerfile: ['FROM scratch', 'COPY --chmod=755 busybox /bin/sh', ...steps, ''].join('\n'),
    busybox: readFileSync(program),
  }
}

const requireSecret = 'RUN --mount=type=secret,id=tok,required=true test -f /run/secrets/tok'

type Sidecar = Pick<BuildKitSidecar, 'containerId'>

async function look(scope: RuntimeScope, { containerId }: Sidecar, script: string): Promise<string> {
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  const { stdout } = await execs.exec(containerId, ['sh', '-c', script], { stdin: false })
  return text(stdout)
}

/** Stops the daemon as a signal does that no process can take: it is there, and does nothing any more. */
async function freeze(scope: RuntimeScope, sidecar: Sidecar): Promise<void> {
  const script = `for process in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <$process/cmdline) in
    "node "*" buildkitd "* | "buildkitd "*) 
      kill -STOP "\${process#/proc/}" && until grep '^State:.*T' $process/status; do sleep 0.01; done;;
  esac
done`
  expect(await look(scope, sidecar, script)).toMatch(/^State:\s+T/)
}

class Archive extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString('latin1')
    done()
  }
}

describeWithBuildKit('BuildKit on a real engine', (given) => {
  const { buildkitImage: image } = given

  const createName = () => `capstan-test-buildkit-${process.pid}-${Math.random().toString(36).slice(2, 8)}`

  async function openFeature(name = createName()) {
    const scope = await open(given)
    onTestFinished(() => scope.runtime.close())
    const listLeft = async () => {
      const needs = { networks: networkManagerCapability, volumes: volumeManagerCapability }
      const { networks, volumes } = requireCapabilities(scope, needs)
      const all = [await scope.runtime.listContainers(), await networks.listNetworks(), await volumes.listVolumes()]
      return all.flat().flatMap((object) => (object.name.startsWith(name) ? [object.name] : []))
    }
    return { scope, name, feature: scope.resolve(BuildKitFeature), listLeft }
  }

  async function start(options: BuildKitOptions = {}) {
    const opened = await openFeature()
    const given = { image, name: opened.name, graceMs: 100, ...options }
    return { ...opened, options: given, sidecar: await opened.feature.start(given) }
  }

  /** A process that holds BuildKit until it is killed. */
  function hold(name: string) {
    return run(new URL('programs/hold-buildkit.mjs', import.meta.url), name)
  }

  /** `holds`: it has said something. */
  function run(program: URL, name: string, ...words: readonly string[]) {
    const child = spawn(
      process.execPath,
      [fileURLToPath(program), `unix://${given.socketPath}`, image, name, ...words],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const ended = once(child, 'exit')
    onTestFinished(() => void child.kill('SIGKILL'))
    return {
      holds: once(child.stdout, 'data'),
      async kill() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  test('starts, answers, and leaves nothing when its only user goes', async () => {
    const { scope, sidecar, listLeft } = await start()
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    expect(await sidecar.workers()).toMatchObject([{ version: expect.stringMatching(/^v0\.\d+\.\d+/) }])
    expect(['privileged', 'added-capabilities', 'all-capabilities']).toContain(sidecar.privilege)
    expect((await listLeft()).length).toBe(4)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeft()).toEqual([])
  })

  test('two users share it; the first one out stops nothing', async () => {
    const { scope, feature, options, sidecar, listLeft } = await start()
    const other = await feature.start(options)
    expect(other.containerId).toBe(sidecar.containerId)
    await sidecar[Symbol.asyncDispose]()
    expect(await scope.runtime.containerState(other.containerId)).toBe('running')
    await other[Symbol.asyncDispose]()
    expect(await listLeft()).toEqual([])
  })

  test('builds: the context arrives, the archive leaves, the secret is in no command line and no image', async () => {
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
      if (event.type === 'log') during = await look(scope, sidecar, 'cat /proc/*/cmdline')
    }
    expect(during).toContain('id=tok')
    expect(during).not.toContain('hunter2')
    expect(await build.result).toMatchObject({ builder: 'buildkit', lost: [] })
    expect(archive.text).toContain('in it')
    expect(archive.text).not.toContain('hunter2')
    expect(await look(scope, sidecar, 'ls /tmp')).not.toContain('capstan-build-')
    await sidecar[Symbol.asyncDispose]()
  })

  test('loads what it built into the runtime’s images, with its labels', async () => {
    const { scope, sidecar, name } = await start()
    const tag = `${name}:1`
    onTestFinished(async () => {
      const left = await scope.runtime.imageExists(tag)
      if (left) await scope.runtime.removeImage(tag)
    })
    const { result } = sidecar.build({
      context: { files: { Dockerfile: 'FROM scratch\nCOPY a.txt /\n', 'a.txt': 'a' } },
      labels: { 'of-a-test': name },
      output: { type: 'load', tags: [tag] },
    })
    const { imageId } = await result
    const [image] = await scope.runtime.listImages({ labels: { 'of-a-test': name } })
    expect(image).toMatchObject({ id: imageId, tags: [expect.stringContaining(tag)] })
    await scope.runtime.removeImage(tag)
    await sidecar[Symbol.asyncDispose]()
  })

  test('takes from its cache what it built before', async () => {
    const { sidecar } = await start()
    const request = { context: { files: toFiles('RUN echo line') }, output: { type: 'cache-only' } } as const
    const findCached = async () => {
      const build = sidecar.build(request)
      const cached: string[] = []
      for await (const event of build) {
        if (event.type === 'step' && event.state === 'cached') cached.push(event.name)
      }
      await build.result
      return cached.filter((name) => name.includes('RUN'))
    }
    expect(await findCached()).toEqual([])
    expect(await findCached()).not.toEqual([])
    await sidecar[Symbol.asyncDispose]()
  })

  describe('the files of a context', () => {
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

    /** `time`: of all of them, in seconds. */
    async function change(directory: string, files: Readonly<Record<string, string>>, time: number) {
      const date = new Date(time * 1000) // Node takes a negative number for now
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(directory, name)), { recursive: true })
        await writeFile(join(directory, name), text)
        await utimes(join(directory, name), date, date)
      }
    }

    test('from memory are those of this build, though others had their names and sizes', async () => {
      const { build, sidecar } = await startBuilding()
      for (const text of ['one 1', 'two 2', 'one 1', 'six 6']) {
        expect(await build({ files: { 'a/b.txt': text, other: 'the same' } })).toContain(text)
        expect(await build({ files: { 'a/b.txt': text.toUpperCase() } }, { noCache: true })).toContain(
          text.toUpperCase(),
        )
      }
      await sidecar[Symbol.asyncDispose]()
    })

    // npm's packages, the year of what has no time, one before that, one after what fits into 32 bits, and a fraction.
    test.for([499_162_500, 0, -1_000_000_000, 4_102_444_800, 1_700_000_000.25])(
      'of a directory are those of this build, though others had the time %d',
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

    test('of a directory are those of this build, though they were changed within one second', async () => {
      const { build, sidecar } = await startBuilding()
      const directory = await makeDirectory({ 'a.txt': 'one 1' }, 1_700_000_000.1)
      expect(await build({ directory })).toContain('one 1')
      await change(directory, { 'a.txt': 'two 2' }, 1_700_000_000.9)
      expect(await build({ directory })).toContain('two 2')
      await sidecar[Symbol.asyncDispose]()
    })

    test('are those of this build, though another directory has files of the same names, sizes and times', async () => {
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

    test('are those of this build, though several build at the same time', async () => {
      const { build, sidecar } = await startBuilding()
      const texts = Array.from({ length: 3 }, (_, index) => `text ${index}`)
      for (let round = 0; round < 3; round += 1) {
        const built = await Promise.all(texts.map((text) => build({ files: { 'a.txt': `${text}, ${round}` } })))
        for (const [index, archive] of built.entries()) expect(archive).toContain(`text ${index}, ${round}`)
      }
      await sidecar[Symbol.asyncDispose]()
    })

    test.runIf(given.isStandIn)('are sent to the daemon again where they have changed, and no others', async () => {
      const { scope, build, sidecar } = await startBuilding()
      const listSent = async () => JSON.parse(await look(scope, sidecar, 'cat /var/lib/buildkit/stand-in-sent.json'))
      const directory = await makeDirectory({ a: 'one 1', b: 'the same', 'c/d': 'the same' }, 499_162_500)
      await build({ directory })
      expect(await listSent()).toEqual(['a', 'b', 'c/d'])
      await build({ directory })
      expect(await listSent()).toEqual([])
      await change(directory, { a: 'two 2' }, 499_162_500)
      await build({ directory })
      expect(await listSent()).toEqual(['a'])
      await build({ directory }, { noCache: true })
      expect(await listSent()).toEqual([])
      await chmod(join(directory, 'b'), 0o600)
      await build({ directory })
      expect(await listSent()).toEqual(['b'])
      await sidecar[Symbol.asyncDispose]()
    })
  })

  test('a failing step is BUILD_FAILED, a missing secret and a missing Dockerfile too', async () => {
    const { sidecar } = await start()
    const build = (files: Record<string, string | Uint8Array>) =>
      sidecar.build({ context: { files }, output: { type: 'cache-only' } }).result
    await expect(build(toFiles('RUN echo before; exit 9'))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: {
        step: '[2/2] RUN echo before; exit 9',
        command: 'RUN echo before; exit 9',
        exitCode: 9,
        lastLines: expect.arrayContaining(['before']),
      },
    })
    await expect(build(toFiles(requireSecret))).rejects.toThrow(/secret tok: not found/)
    await expect(build({ other: '' })).rejects.toThrow(/no such file or directory/)
    await expect(build({ Dockerfile: 'FROM scratch\nFLY away\n' })).rejects.toThrow(/unknown instruction: FLY/)
    await sidecar[Symbol.asyncDispose]()
  })

  test('takes the text of a Dockerfile that is not in the context', async () => {
    const { sidecar } = await start()
    const archive = new Archive()
    const context = { files: { 'a.txt': 'in it' } }
    const output = { type: 'archive', format: 'files', to: archive } as const
    const dockerfileText = 'FROM scratch\nCOPY a.txt /\n'
    await sidecar.build({ context, dockerfileText, output }).result
    expect(archive.text).toContain('in it')
    await sidecar[Symbol.asyncDispose]()
  })

  test('an abort ends the build in the sidecar', async () => {
    const { scope, sidecar } = await start()
    const controller = new AbortController()
    const context = { files: toFiles('COPY --chmod=755 busybox /bin/sleep', 'RUN echo begun; sleep 60') }
    const build = sidecar.build({ context, output: { type: 'cache-only' } }, { signal: controller.signal })
    for await (const event of build) {
      if (event.type === 'log') controller.abort('enough')
    }
    await expect(build.result).rejects.toBe('enough')
    expect(await look(scope, sidecar, 'ps | grep -c "[b]uildctl.* build"')).toBe('0\n')
    await sidecar[Symbol.asyncDispose]()
  })

  test('tells of its workers and its cache, and prunes it', async () => {
    const { sidecar } = await start()
    const [worker] = await sidecar.workers()
    expect(worker).toMatchObject({ id: expect.stringMatching(/^\w{25}$/), version: expect.stringMatching(/^v0\.\d+/) })
    expect(worker?.platforms[0]).toMatch(/^linux\/\w+$/)
    await sidecar.build({ context: { files: toFiles('RUN echo line') }, output: { type: 'cache-only' } }).result
    const records = await sidecar.diskUsage()
    expect(records.length).toBeGreaterThan(1)
    expect(records.map(({ description }) => description).join()).toContain('local source for context')
    expect(records.every(({ createdAt }) => createdAt !== undefined && createdAt.getTime() <= Date.now())).toBe(true)
    // What a build used it gives back a little after its end.
    await expect.poll(async () => (await sidecar.diskUsage()).filter(({ inUse }) => inUse)).toEqual([])
    const removed = await sidecar.prune({ all: true })
    expect(removed.map(({ id }) => id)).toEqual(expect.arrayContaining(records.map(({ id }) => id)))
    expect(await sidecar.diskUsage()).toEqual([])
    await sidecar[Symbol.asyncDispose]()
  })

  test('connects again when its connection was cut, and says so when the daemon is gone', async () => {
    const { scope, sidecar } = await start()
    await sidecar.workers()
    await look(scope, sidecar, 'for pid in $(pidof buildctl || pgrep -f dial-stdio); do kill $pid; done')
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

  // The stand-in's image plays both: with root and without.
  const rootlessImage = given.isStandIn ? image : given.rootlessImage

  test.for([{ rung: 'privileged', refuses: [] } as const, { rung: 'rootless', refuses: ['privileged'] } as const])(
    'on the rung $rung it answers, copies files and runs steps',
    async ({ rung, refuses }, { skip }) => {
      skip(rung === 'rootless' && rootlessImage === undefined, 'the image for a daemon without root is not to be had')
      const scope = await open(given, { refuses })
      onTestFinished(() => scope.runtime.close())
      const options = { image, name: createName(), graceMs: 100, ...(rootlessImage && { rootlessImage }) }
      await using sidecar = await scope.resolve(BuildKitFeature).start(options)
      expect(sidecar.privilege).toBe(rung)
      const archive = new Archive()
      const files = { ...toFiles('COPY a.txt /', 'RUN true'), 'a.txt': 'in it' }
      await sidecar.build({ context: { files }, output: { type: 'archive', format: 'files', to: archive } }).result
      expect(archive.text).toContain('in it')
    },
  )

  test('with added capabilities alone it is ready where a RUN works, and else the error tells why', async () => {
    const scope = await open(given, { refuses: ['privileged'] })
    onTestFinished(() => scope.runtime.close())
    const starting = scope.resolve(BuildKitFeature).start({ image, name: createName(), graceMs: 100 })
    const sidecar = await starting.catch((error: unknown) => error)
    if (sidecar instanceof Error) {
      expect(sidecar).toMatchObject({
        code: 'OPTION_UNSUPPORTED',
        facts: {
          field: 'privileged',
          reason: expect.stringMatching(
            /added-capabilities: BuildKit answers, but no RUN works: .*read-only file system/,
          ),
        },
      })
      return
    }
    await using running = await starting
    await running.build({ context: { files: toFiles('RUN true') }, output: { type: 'cache-only' } }).result
  })

  test('stop removes a kept sidecar whose daemon is frozen', async () => {
    const { scope, feature, options, sidecar, listLeft } = await start()
    await sidecar.keep()
    await sidecar[Symbol.asyncDispose]()
    await freeze(scope, sidecar)
    expect(await feature.stop(options)).toBe('stopped')
    expect(await listLeft()).toEqual([])
  })

  test('closing the last handle stops a sidecar whose daemon is frozen', async () => {
    const { scope, sidecar, listLeft } = await start()
    await freeze(scope, sidecar)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeft()).toEqual([])
  })

  test('a connected container uses the socket, and can neither remove nor replace it', async () => {
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
    const words = Buffer.from(await scope.runtime.containerLogsAll(id)).toString()
    expect(words).toContain('connected')
    expect(words).not.toMatch(/^(taken|written)$/m)
    expect(await sidecar.workers()).toHaveLength(1)
    await scope.runtime.removeContainer(id)
    await sidecar[Symbol.asyncDispose]()
  })

  test('a holder that is killed loses its lease within a second; a sweep removes what is left', async () => {
    const { scope, name, listLeft } = await openFeature()
    const holder = hold(name)
    await holder.holds
    const isRunning = async () =>
      (await scope.runtime.listContainers()).some((one) => one.name === name && one.state === 'running')
    expect(await isRunning()).toBe(true)
    await holder.kill()
    await expect.poll(isRunning, { timeout: 3000 }).toBe(false)
    await scope.sweep()
    expect(await listLeft()).toEqual([])
  })

  test('a sidecar whose daemon hangs ends after its holder is killed; a sweep removes it', async () => {
    const { scope, name, listLeft } = await openFeature()
    const holder = hold(name)
    await holder.holds
    const [{ id: containerId } = { id: '' }] = (await scope.runtime.listContainers()).filter((one) => one.name === name)
    await freeze(scope, { containerId })
    await holder.kill()
    await scope.runtime.waitContainer(containerId)
    await scope.sweep()
    expect(await listLeft()).toEqual([])
  })

  test('one that is kept outlives its users and a sweep, and leaves nothing when it is let go', async () => {
    const { scope, feature, options, sidecar, listLeft } = await start()
    await sidecar.keep()
    await sidecar[Symbol.asyncDispose]()
    await scope.sweep()
    const found = await feature.find(options)
    expect(found?.containerId).toBe(sidecar.containerId)
    expect(await found?.workers()).toHaveLength(1)
    await found?.letGo()
    await found?.[Symbol.asyncDispose]()
    expect(await listLeft()).toEqual([])
    expect(await feature.find(options)).toBeUndefined()
  })

  test.for(['directory', 'upload', 'placed', 'build', 'output'])(
    'nothing of a build is left in a kept sidecar when its process is killed at its stage "%s"',
    async (stage) => {
      const { scope, name, sidecar } = await start()
      const listBuilds = () => look(scope, sidecar, 'ls /tmp /dev/shm | grep capstan-build-')
      const builder = run(new URL('programs/build-until-killed.mjs', import.meta.url), name, stage)
      await builder.holds
      expect(await listBuilds()).toContain('capstan-build-')
      await builder.kill()
      await expect.poll(listBuilds, { timeout: 5000 }).toBe('')
      expect(await look(scope, sidecar, 'grep -r hunter22 /tmp /dev/shm /root /run 2>/dev/null')).toBe('')
      expect(await sidecar.workers()).toHaveLength(1)
      await sidecar[Symbol.asyncDispose]()
    },
  )

  test('a sweep spares what a living holder uses, though its maker is dead', async () => {
    const { scope, feature, name, listLeft } = await openFeature()
    const holder = hold(name)
    await holder.holds
    const sidecar = await feature.start({ image, name, graceMs: 100 })
    await holder.kill()
    await expect.poll(() => look(scope, sidecar, 'ls /tmp/capstan-leases | wc -l')).toMatch(/^\s*1$/m)
    await scope.sweep()
    expect(await sidecar.workers()).toHaveLength(1)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeft()).toEqual([])
  })

  test('100 starts, half of them aborted at some moment, a fifth killed: nothing is left after one sweep', async () => {
    const { scope, feature, name, listLeft } = await openFeature()
    const runOne = async (index: number) => {
      const own = `${name}-${index % 7}`
      if (index % 5 === 0) {
        const holder = hold(own)
        await new Promise((resolve) => setTimeout(resolve, 200 + ((index * 37) % 800)))
        return holder.kill()
      }
      const controller = new AbortController()
      if (index % 2 === 1) setTimeout(() => controller.abort('enough'), (index * 53) % 700)
      try {
        const sidecar = await feature.start({ image, name: own, graceMs: 50, signal: controller.signal })
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
    expect(await listLeft()).toEqual([])
  }, 240_000)

  test('an image that ends, and one that is no BuildKit: a typed error with the last lines, and nothing is left', async () => {
    const { feature, options, sidecar, listLeft } = await start()
    await sidecar[Symbol.asyncDispose]()
    await expect(feature.start({ ...options, image: given.image })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 127.*buildkitd/s),
    })
    expect(await listLeft()).toEqual([])
  })
})
