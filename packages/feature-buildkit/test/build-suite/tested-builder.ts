import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import {
  buildServiceCapability,
  createRuntimeHost,
  execManagerCapability,
  findCapability,
  type OperationOptions,
  type RuntimeScope,
  requireCapabilities,
} from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import type { TestContext } from 'vitest'
import type { AvailableTestEngine } from '../../../../test/support/test-engine.js'
import { findProgram } from '../../../../tools/engine/engine-packages.mjs'
import { requestEngine } from '../../../../tools/engine/engine-request.mjs'
import {
  type BuildHistory,
  type BuildKitBuild,
  BuildKitFeature,
  type BuildRequest,
  type BuildResult,
} from '../../src/index.js'

/** The BuildKit that runs the builds of the suite: the engine's own one, or one in a sidecar. */
export interface TestedBuilder {
  readonly kind: Extract<BuildResult['builder'], 'build-service' | 'sidecar'>
  /** Whether BuildKit is the fake one, which runs no programs. */
  readonly isFake: boolean
  readonly engine: AvailableTestEngine
  readonly scope: RuntimeScope
  /** Begins the names of all objects of the suite, and is the value of {@link suiteLabel} in its images. */
  readonly runId: string
  /** A word in the commands of steps that run until they are ended, by which their processes are found. */
  readonly stepId: string
  /** Starts a build whose image has the label of the suite. */
  build(request: BuildRequest, options?: OperationOptions): BuildKitBuild
  /** Opens the history of the BuildKit that builds. The caller disposes it. */
  openHistory(): Promise<BuildHistory>
  /** Resolves with the address at which BuildKit reaches servers of this machine. */
  findMachineAddress(): Promise<string>
  /** The image store of the engine whose own BuildKit builds. `undefined` in a sidecar, which supports all requests. */
  readonly imageStore: 'docker' | 'containerd' | undefined
  /** `undefined` for the engine's own BuildKit. */
  readonly sidecar: { readonly image: string; readonly name: string; readonly containerId: string } | undefined
}

/** Declares one test of the suite. `skipReasons` has the reasons why the fake BuildKit or a sidecar cannot run it. */
export type DeclareBuild = (
  title: string,
  run: (builder: TestedBuilder, context: TestContext) => Promise<void>,
  skipReasons?: { readonly fake?: string; readonly sidecar?: string },
) => void

export const suiteLabel = 'test.builds'

/** Resolves with the reason where the engine has no BuildKit. With CAPSTAN_REQUIRE_ENGINE_BUILDKIT=1 it rejects. */
export async function openEngineBuilder(
  engine: AvailableTestEngine,
): Promise<(TestedBuilder & AsyncDisposable) | string> {
  const imageStore = await readImageStore(engine)
  const scope = await openScope(engine)
  if (findCapability(scope, buildServiceCapability) === undefined) {
    await scope.runtime.close()
    if (process.env.CAPSTAN_REQUIRE_ENGINE_BUILDKIT === '1')
      throw new Error('CAPSTAN_REQUIRE_ENGINE_BUILDKIT=1, but the engine has no BuildKit')
    return 'this engine has no BuildKit'
  }
  const feature = scope.resolve(BuildKitFeature)
  const runId = createRunId()
  return {
    ...{ kind: 'build-service', isFake: false, engine, scope, imageStore, runId, sidecar: undefined },
    stepId: toStepId(runId),
    build: (request, options) => feature.build(withLabel(request, runId), { builder: 'engine', ...options }),
    openHistory: async () => requireHistory(await feature.findHistory()),
    findMachineAddress: async () => '127.0.0.1',
    [Symbol.asyncDispose]: () => scope.runtime.close(),
  }
}

/** Starts the sidecar of the suite. */
export async function openSidecarBuilder(
  engine: AvailableTestEngine,
  { image, isFake }: { readonly image: string; readonly isFake: boolean },
): Promise<TestedBuilder & AsyncDisposable> {
  const scope = await openScope(engine)
  const runId = createRunId()
  const name = `${runId}-sidecar`
  const start = scope.resolve(BuildKitFeature).start({ image, name, graceMs: 100 })
  const sidecar = await start.catch(async (error: unknown) => {
    await scope.runtime.close()
    throw error
  })
  return {
    ...{ kind: 'sidecar', isFake, engine, scope, runId, sidecar: { image, name, containerId: sidecar.containerId } },
    imageStore: undefined,
    stepId: toStepId(runId),
    build: (request, options) => sidecar.build(withLabel(request, runId), options),
    openHistory: async () => ({
      builds: (options) => sidecar.builds(options),
      buildEvents: (ref, options) => sidecar.buildEvents(ref, options),
      removeBuild: (ref, options) => sidecar.removeBuild(ref, options),
      [Symbol.asyncDispose]: async () => {},
    }),
    findMachineAddress: () => findGateway(scope, sidecar.containerId),
    async [Symbol.asyncDispose]() {
      await sidecar[Symbol.asyncDispose]()
      await scope.runtime.close()
    },
  }
}

/** The lines of a stage `base` with all commands of busybox. It pulls nothing, and needs the file `busybox` in the context. */
export const baseLines: readonly string[] = [
  'FROM scratch AS base',
  'COPY --chmod=755 busybox /bin/busybox',
  'COPY --chmod=755 busybox /bin/sh',
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
]

/** Returns a context whose Dockerfile has these lines after {@link baseLines}. */
export function toContext(lines: readonly string[], files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const program = findProgram('busybox')
  if (program === undefined) throw new Error('this machine has no busybox, which the test images need')
  const Dockerfile = [...baseLines, ...lines, ''].join('\n')
  return { files: { Dockerfile, busybox: readFileSync(program), ...files } }
}

function openScope({ socketPath }: AvailableTestEngine): Promise<RuntimeScope> {
  const plugins = [dockerPlugin({ endpoint: `unix://${socketPath}` })]
  return createRuntimeHost({ plugins, env: {}, app: 'capstan-test-builds' }).open()
}

/** Reads the image store from `/info` of the engine. Capstan reads it from BuildKit. */
async function readImageStore({ socketPath }: AvailableTestEngine): Promise<'docker' | 'containerd'> {
  const { body } = await requestEngine({ protocol: 'http:', socketPath }, '/info')
  return body.includes('io.containerd.snapshotter.v1') ? 'containerd' : 'docker'
}

function createRunId(): string {
  return `capstan-test-builds-${process.pid}-${randomBytes(3).toString('hex')}`
}

function toStepId(runId: string): string {
  return `${runId}-step`
}

function withLabel(request: BuildRequest, runId: string): BuildRequest {
  return { ...request, labels: { ...request.labels, [suiteLabel]: runId } }
}

function requireHistory(history: BuildHistory | undefined): BuildHistory {
  if (history === undefined) throw new Error('BuildKit has no history')
  return history
}

/** Reads the address of the default gateway, which is one of this machine, in a container. */
async function findGateway(scope: RuntimeScope, containerId: string): Promise<string> {
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  const { stdout } = await execs.exec(containerId, ['cat', '/proc/net/route'], { stdin: false })
  const [, gateway = ''] = /^\S+\t0{8}\t([0-9A-F]{8})\t/m.exec(await text(stdout)) ?? []
  return [...Buffer.from(gateway, 'hex').reverse()].join('.')
}
