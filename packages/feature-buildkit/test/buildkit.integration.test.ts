import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import {
  createRuntimeHost,
  execManagerCapability,
  networkManagerCapability,
  type RuntimeScope,
  requireCapabilities,
  volumeManagerCapability,
} from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type AvailableTestEngine, describeWithEngine } from '../../../test/support/test-engine.js'
import { BuildKitFeature, type BuildKitOptions } from '../src/index.js'

const image = 'capstan-test/buildkit-stand-in:1'
const readFolder = (name: string) => {
  const folder = new URL(`${name}/`, import.meta.url)
  return readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder))] as const)
}

async function open({ socketPath }: AvailableTestEngine): Promise<RuntimeScope> {
  const host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: `unix://${socketPath}` })], env: {} })
  return host.open()
}

describeWithEngine('BuildKit’s stand-in on a real engine', (engine) => {
  beforeAll(async () => {
    const scope = await open(engine)
    const files = Object.fromEntries([...readFolder('stand-in'), ...readFolder('fixtures')])
    const dockerfile = [
      `FROM ${engine.image}`,
      'COPY buildkitd buildctl /bin/',
      'COPY daemon.log *.txt *.json *.ndjson /stand-in/',
      'RUN mkdir -p /run/buildkit',
    ].join('\n')
    await scope.runtime.buildImage(dockerfile, image, { context: { files } })
    await scope.runtime.close()
  })

  afterAll(async () => {
    const scope = await open(engine)
    await scope.runtime.removeImage(image)
    await scope.runtime.close()
  })

  const createName = () => `capstan-test-buildkit-${process.pid}-${Math.random().toString(36).slice(2, 8)}`

  async function openFeature(name = createName()) {
    const scope = await open(engine)
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

  /** A process that holds BuildKit, and is killed after a while. */
  async function holdAndDie(name: string, afterMs: number): Promise<void> {
    const program = fileURLToPath(new URL('programs/hold-buildkit.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, `unix://${engine.socketPath}`, image, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (afterMs === 0) await new Promise((resolve) => child.stdout.once('data', resolve))
    else await new Promise((resolve) => setTimeout(resolve, afterMs))
    child.kill('SIGKILL')
    await ended
  }

  test('starts, answers, and leaves nothing when its only user goes', async () => {
    const { scope, sidecar, listLeft } = await start()
    expect(await scope.runtime.containerState(sidecar.containerId)).toBe('running')
    expect(await sidecar.workers()).toMatchObject([{ version: 'v0.32.2' }])
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

  test('builds: the context arrives, the archive leaves, the secret is in no command line', async () => {
    const { scope, sidecar } = await start()
    const chunks: Uint8Array[] = []
    const to = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk)
        done()
      },
    })
    const files = {
      Dockerfile: 'FROM scratch\nRUN --mount=type=secret,id=tok,required=true true\n',
      'a/b.txt': 'in it',
    }
    const { result } = sidecar.build({
      context: { files },
      secrets: { tok: 'hunter2' },
      output: { type: 'archive', format: 'files', to },
    })
    expect(await result).toMatchObject({ builder: 'buildkit', digest: expect.stringMatching(/^sha256:/) })
    expect(Buffer.concat(chunks).includes('in it')).toBe(true)
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const look = await execs.exec(sidecar.containerId, ['sh', '-c', 'ls /tmp; cat /proc/*/cmdline'], { stdin: false })
    let seen = ''
    for await (const chunk of look.stdout) seen += chunk
    expect(seen).not.toContain('hunter2')
    expect(seen).not.toContain('capstan-build-')
    await sidecar[Symbol.asyncDispose]()
  })

  test('a failing step is BUILD_FAILED, a missing secret and a missing Dockerfile too', async () => {
    const { sidecar } = await start()
    const build = (files: Record<string, string>) =>
      sidecar.build({ context: { files }, output: { type: 'cache-only' } }).result
    await expect(build({ Dockerfile: 'FROM x\nRUN echo before; exit 9\n' })).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      facts: { step: '[2/2] RUN echo before; exit 9', exitCode: 9 },
    })
    await expect(build({ Dockerfile: 'FROM x\nRUN --mount=type=secret,id=tok,required=true true\n' })).rejects.toThrow(
      /secret tok: not found/,
    )
    await expect(build({ other: '' })).rejects.toThrow(/no such file or directory/)
    await sidecar[Symbol.asyncDispose]()
  })

  test('an abort ends the build in the sidecar', async () => {
    const { scope, sidecar } = await start()
    const controller = new AbortController()
    const context = { files: { Dockerfile: 'FROM x\nRUN sleep 60\n' } }
    const build = sidecar.build({ context, output: { type: 'cache-only' } }, { signal: controller.signal })
    for await (const event of build) {
      if (event.type === 'log') controller.abort('enough')
    }
    await expect(build.result).rejects.toBe('enough')
    const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
    const look = await execs.exec(sidecar.containerId, ['sh', '-c', 'ps | grep -c "[b]uildctl build"'], {
      stdin: false,
    })
    let seen = ''
    for await (const chunk of look.stdout) seen += chunk
    expect(seen).toBe('0\n')
    await sidecar[Symbol.asyncDispose]()
  })

  test('a holder that is killed loses its lease within a second; a sweep removes what is left', async () => {
    const { scope, name, listLeft } = await openFeature()
    await holdAndDie(name, 0)
    const isRunning = async () =>
      (await scope.runtime.listContainers()).some((one) => one.name === name && one.state === 'running')
    expect(await isRunning()).toBe(true)
    await expect.poll(isRunning, { timeout: 3000 }).toBe(false)
    await scope.sweep()
    expect(await listLeft()).toEqual([])
  })

  test('a sweep spares what a living holder uses, though its maker is dead', async () => {
    const { scope, feature, name, listLeft } = await openFeature()
    const dying = holdAndDie(name, 2500)
    await expect.poll(async () => (await listLeft()).length, { timeout: 20_000 }).toBe(4)
    const sidecar = await feature.start({ image, name, graceMs: 100 })
    await dying
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await scope.sweep()
    expect(await sidecar.workers()).toHaveLength(1)
    await sidecar[Symbol.asyncDispose]()
    expect(await listLeft()).toEqual([])
  })

  test('100 starts, half of them aborted at some moment, a fifth killed: nothing is left after one sweep', async () => {
    const { scope, feature, name, listLeft } = await openFeature()
    const runOne = async (index: number) => {
      const own = `${name}-${index % 7}`
      if (index % 5 === 0) return holdAndDie(own, 200 + ((index * 37) % 800))
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
    await expect(feature.start({ ...options, image: engine.image })).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      message: expect.stringMatching(/ended with exit code 127.*buildkitd/s),
    })
    expect(await listLeft()).toEqual([])
  })
})
