import type { FeatureSupport } from '@capstan/core'
import { createHostError, type InjectedManagers, injectable, requireManagers } from '@capstan/core/plugin'
import { type BuildRequest, validateBuildRequest } from './build/build-request.js'
import { type BuildKitBuild, createBuild } from './build/buildkit-build.js'
import { requireImageTransfer } from './build/require-image-transfer.js'
import { type BuildKitManagers, buildKitNeeds } from './buildkit-needs.js'
import type { BuildKitBuildOptions, BuildKitOptions } from './buildkit-options.js'
import { toBuildKitSupport } from './buildkit-support.js'
import { buildOnRuntime, type FallbackOptions } from './fallback/build-on-runtime.js'
import { buildWithFallback } from './fallback/build-with-fallback.js'
import type { BuildKitSidecar } from './sidecar/buildkit-sidecar.js'
import { isUnsupported } from './sidecar/sidecar-config.js'
import { findBuildKit, startBuildKit } from './sidecar/start-buildkit.js'
import { type BuildKitStopOutcome, stopBuildKit } from './sidecar/stop-buildkit.js'

/**
 * Runs BuildKit in a sidecar, on any runtime with networks, sidecars and exec that supports at least one privilege level. On
 * another one, `start`, `find` and `stop` reject with CAPABILITY_MISSING, which lists what is missing, before they have any
 * effect.
 */
@injectable(buildKitNeeds)
export class BuildKitFeature {
  static readonly needs: typeof buildKitNeeds = buildKitNeeds
  readonly #managers: InjectedManagers<typeof buildKitNeeds>

  constructor(managers: InjectedManagers<typeof buildKitNeeds>) {
    this.#managers = isUnsupported(managers, 'mounts.volume') ? { ...managers, volumes: undefined } : managers
  }

  /**
   * Returns whether BuildKit can start on this runtime, and the missing required and optional capabilities, each with reason
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
   * Runs one build: starts a sidecar or shares the running one of the same name and configuration, and releases its lease
   * before `result` settles.
   *
   * With `fallback: 'runtime'`, the runtime's own builder builds if no sidecar can be started or the runtime cannot load
   * images. It supports the output `load` and at most one platform, and the result lists what it could not do. Other requests
   * reject with the error of the start. On a runtime without image builds, the build rejects with CAPABILITY_MISSING, whose
   * cause is the error of the start.
   */
  build(request: BuildRequest, options: BuildKitBuildOptions = {}): BuildKitBuild {
    const { fallback = 'none', signal } = options
    const start = async () => {
      requireImageTransfer(this.#managers, request.output)
      return this.start(options)
    }
    const onRuntime = (given: FallbackOptions) => buildOnRuntime(this.#managers, request, given)
    const builders = { start, buildOnRuntime: fallback === 'runtime' ? onRuntime : undefined }
    return createBuild(async (onEvents) => {
      validateBuildRequest(request)
      return buildWithFallback(request, builders, { signal, onEvents })
    })
  }

  #requireManagers(): BuildKitManagers {
    const support = this.support()
    if (support.supported) return requireManagers(support.feature, buildKitNeeds, this.#managers)
    const { feature, runtime, missing } = support
    throw createHostError('CAPABILITY_MISSING', { feature, runtime, missing, reports: [this.#managers.report] })
  }
}
