import { readdirSync, readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
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

  async function start(options: BuildKitOptions = {}) {
    const scope = await open(engine)
    onTestFinished(() => scope.runtime.close())
    const name = `capstan-test-buildkit-${process.pid}-${Math.random().toString(36).slice(2, 8)}`
    const feature = scope.resolve(BuildKitFeature)
    const given = { image, name, graceMs: 100, ...options }
    const listLeft = async () => {
      const { networks, volumes } = requireCapabilities(scope, {
        networks: networkManagerCapability,
        volumes: volumeManagerCapability,
      })
      const all = [await scope.runtime.listContainers(), await networks.listNetworks(), await volumes.listVolumes()]
      return all.flat().flatMap((object) => (object.name.startsWith(given.name) ? [object.name] : []))
    }
    return { scope, feature, options: given, listLeft, sidecar: await feature.start(given) }
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
