import {
  type BuildKitBuild,
  type BuildRequest,
  createBuild,
  validateBuildRequest,
} from '@capstan/buildkit-client/request'
import { type BuildService, buildServiceCapability, defineNeeds, type FeatureSupport } from '@capstan/core'
import { createHostError, injectable, requireManagers } from '@capstan/core/plugin'
import { type BuildHistory, openServiceHistory } from './build/build-history.js'
import { buildOnEngine } from './build/build-on-engine.js'
import { checkSidecarRequest } from './build/check-sidecar-request.js'
import { type BuildKitManagers, buildKitNeeds, type InjectedBuildKitManagers, sidecarNeeds } from './buildkit-needs.js'
import type { BuildKitBuildOptions, BuildKitOptions, FindHistoryOptions } from './buildkit-options.js'
import { toBuildKitSupport, toSidecarSupport } from './buildkit-support.js'
import { buildOnRuntime, type FallbackOptions } from './fallback/build-on-runtime.js'
import { buildWithFallback } from './fallback/build-with-fallback.js'
import type { BuildKitSidecar } from './sidecar/buildkit-sidecar.js'
import { isUnsupported } from './sidecar/sidecar-config.js'
import { findBuildKit, startBuildKit } from './sidecar/start-buildkit.js'
import { type BuildKitStopOutcome, stopBuildKit } from './sidecar/stop-buildkit.js'

/**
 * Builds by the engine's own BuildKit, or runs BuildKit in a sidecar, on any runtime with networks, sidecars and exec that supports
 * at least one privilege level. On another one, `start`, `find` and `stop` reject with CAPABILITY_MISSING, which lists what is
 * missing, before they have any effect.
 */
@injectable(buildKitNeeds)
export class BuildKitFeature {
  static readonly needs: typeof buildKitNeeds = buildKitNeeds
  /** The capabilities that `start`, `find` and `stop` use. */
  static readonly sidecarNeeds: typeof sidecarNeeds = sidecarNeeds
  readonly #managers: InjectedBuildKitManagers

  constructor(managers: InjectedBuildKitManagers) {
    this.#managers = isUnsupported(managers, 'mounts.volume') ? { ...managers, volumes: undefined } : managers
  }

  /**
   * Returns whether BuildKit can build on this runtime, and the missing required and optional capabilities, each with reason
   * and remedy.
   */
  support(): FeatureSupport {
    return toBuildKitSupport(this.#managers.report)
  }

  /**
   * Acquires a lease of the running sidecar of the same name and configuration, or creates a sidecar, and resolves when
   * BuildKit is ready: it answers and, unless the sidecar is privileged, has built a Dockerfile with one RUN. A failure or an
   * abort removes everything that was created.
   */
  async start(options: BuildKitOptions = {}): Promise<BuildKitSidecar> {
    return startBuildKit(this.#requireManagers(), options)
  }

  /**
   * Acquires a lease of the sidecar of the same name and configuration, and resolves when BuildKit answers, or with `undefined`
   * if there is none. Creates no sidecar, but starts a created one, and removes the resources of one that has ended.
   */
  async find(options: BuildKitOptions = {}): Promise<BuildKitSidecar | undefined> {
    return findBuildKit(this.#requireManagers(), options)
  }

  /**
   * Stops the sidecar of the same name and configuration, also if it is pinned, and removes its cache. Resolves with `in-use`
   * if there are leases: it then stops after the last one. A daemon that does not respond is stopped, too.
   */
  async stop(options: BuildKitOptions = {}): Promise<BuildKitStopOutcome> {
    return stopBuildKit(this.#requireManagers(), options)
  }

  /**
   * Runs one build: by the engine's own BuildKit where the runtime provides it and it supports the request, else in a sidecar,
   * which is started or shared with others of the same name and configuration, and whose lease is released before `result`
   * settles. The first event says which one builds.
   *
   * With `fallback: 'runtime'`, the runtime's own builder builds if no sidecar can be started or the runtime cannot load
   * images. It supports the output `load` with a tag, at most one platform and no remote context, and the result lists what it could not
   * do. Other requests reject with the error of the start. On a runtime without image builds, the build rejects with
   * CAPABILITY_MISSING, whose cause is the error of the start.
   *
   * @throws HostError OPTION_UNSUPPORTED for `builder: 'engine'` when the engine's own BuildKit does not support the request
   */
  build(request: BuildRequest, options: BuildKitBuildOptions = {}): BuildKitBuild {
    const { builder = 'auto', fallback = 'none', signal } = options
    const start = async () => {
      checkSidecarRequest(this.#managers, request)
      return this.start(options)
    }
    const onRuntime = (given: FallbackOptions) => buildOnRuntime(this.#managers, request, given)
    return createBuild(async (onEvents) => {
      validateBuildRequest(request)
      const service = this.#findService("a build by the engine's own BuildKit", builder)
      const builders = {
        buildOnEngine:
          service === undefined
            ? undefined
            : (given: Omit<FallbackOptions, 'reason'>) => buildOnEngine(this.#managers, service, request, given),
        start: builder === 'engine' ? undefined : start,
        buildOnRuntime: fallback === 'runtime' ? onRuntime : undefined,
      }
      return buildWithFallback(request, builders, { signal, onEvents })
    })
  }

  /**
   * Connects to the history of the engine's own BuildKit where the runtime provides it, else to that of the running sidecar of the
   * same name and configuration. `builder` selects one. Resolves with `undefined` if there is none. Disposing closes the connection.
   *
   * @throws HostError INVALID_ARGUMENT for an unknown `builder`, and CAPABILITY_MISSING for `builder: 'engine'` if the engine has no
   * BuildKit, and for a sidecar if the runtime does not provide `sidecarNeeds`
   */
  async findHistory({ builder = 'auto', ...options }: FindHistoryOptions = {}): Promise<BuildHistory | undefined> {
    const service = this.#findService("the history of the engine's own BuildKit", builder)
    if (service === undefined) return this.find(options)
    const { signal } = options
    return openServiceHistory(service, { runtime: this.#managers.report.runtime, ...(signal && { signal }) })
  }

  /**
   * Returns the connection to the engine's own BuildKit, or `undefined` for a sidecar.
   *
   * @throws HostError CAPABILITY_MISSING when the caller requires what the engine does not have
   */
  #findService(subject: string, builder: Builder): BuildService | undefined {
    checkBuilder(builder)
    if (builder === 'sidecar') return undefined
    if (builder === 'engine') return requireManagers(subject, engineNeeds, this.#managers).service
    return this.#managers.service
  }

  #requireManagers(): BuildKitManagers {
    const support = toSidecarSupport(this.#managers.report)
    if (support.supported) return requireManagers(support.feature, sidecarNeeds, this.#managers)
    const { feature, runtime, missing } = support
    throw createHostError('CAPABILITY_MISSING', { feature, runtime, missing, reports: [this.#managers.report] })
  }
}

type Builder = NonNullable<BuildKitBuildOptions['builder']>

function checkBuilder(builder: unknown): void {
  if (builder === 'auto' || builder === 'engine' || builder === 'sidecar') return
  const facts = { field: 'builder', expected: 'auto, engine or sidecar', given: JSON.stringify(builder) ?? 'nothing' }
  throw createHostError('INVALID_ARGUMENT', facts)
}

const engineNeeds = defineNeeds({ required: { service: buildServiceCapability } })
