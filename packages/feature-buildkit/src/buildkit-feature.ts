import {
  type FeatureSupport,
  type InjectedManagers,
  injectable,
  MissingCapabilityError,
  requireManagers,
} from '@capstan/core'
import { buildOnce } from './build/build-once.js'
import { type BuildRequest, validateBuildRequest } from './build/build-request.js'
import { type BuildKitBuild, createBuild } from './build/buildkit-build.js'
import { requireTransfer } from './build/required-transfer.js'
import { type BuildKitManagers, buildKitNeeds } from './buildkit-managers.js'
import type { BuildKitBuildOptions, BuildKitOptions } from './buildkit-options.js'
import type { BuildKitSidecar } from './buildkit-sidecar.js'
import { findRefusedMount, toBuildKitSupport } from './buildkit-support.js'
import { buildOnRuntime, type FallbackOptions } from './fallback/build-on-runtime.js'
import { findBuildKit, startBuildKit } from './start/start-buildkit.js'
import { type BuildKitStopOutcome, stopBuildKit } from './start/stop-buildkit.js'

/** BuildKit in a sidecar, on any runtime that offers networks, sidecars and exec. */
@injectable(buildKitNeeds)
export class BuildKitFeature {
  static readonly needs: typeof buildKitNeeds = buildKitNeeds
  readonly #managers: InjectedManagers<typeof buildKitNeeds>

  constructor(managers: InjectedManagers<typeof buildKitNeeds>) {
    const canMount = managers.report.available && findRefusedMount(managers.report) === undefined
    this.#managers = canMount ? managers : { ...managers, volumes: undefined }
  }

  /** Whether it would start on this runtime; all that is missing, or lacking in detail, with reason and remedy. */
  support(): FeatureSupport {
    return toBuildKitSupport(this.#managers.report)
  }

  /**
   * Starts BuildKit and resolves when it has answered; on failure and abort what was made is undone.
   *
   * @throws MissingCapabilityError naming all that is missing, before anything is made.
   */
  async start(options: BuildKitOptions = {}): Promise<BuildKitSidecar> {
    return startBuildKit(this.#requireManagers(), options)
  }

  /**
   * The BuildKit that is there for this configuration, as `start` would share it; `undefined` where there is none. Nothing
   * is made.
   *
   * @throws MissingCapabilityError naming all that is missing.
   */
  async find(options: BuildKitOptions = {}): Promise<BuildKitSidecar | undefined> {
    return findBuildKit(this.#requireManagers(), options)
  }

  /**
   * Stops the BuildKit of this configuration, kept or not, and removes its cache. Resolves with `in-use` when others hold a
   * lease; it then stops after the last of them. A daemon that hangs is stopped, too.
   *
   * @throws MissingCapabilityError naming all that is missing.
   */
  async stop(options: BuildKitOptions = {}): Promise<BuildKitStopOutcome> {
    return stopBuildKit(this.#requireManagers(), options)
  }

  /**
   * One build with its own lease of a sidecar, which is given back before the result.
   *
   * `fallback: 'runtime'`: if no sidecar can be had, the runtime's own builder builds what it can (output `load`, one
   * platform), and the result lists what was lost. Anything else fails as without it. A runtime without image builds:
   * CAPABILITY_MISSING, with the reason why there is no sidecar as its cause.
   */
  build(request: BuildRequest, options: BuildKitBuildOptions = {}): BuildKitBuild {
    const { fallback = 'none', signal } = options
    const start = async () => {
      requireTransfer(this.#managers, request.output)
      return this.start(options)
    }
    const onRuntime = (given: FallbackOptions) => buildOnRuntime(this.#managers, request, given)
    return createBuild(async (onEvents) => {
      validateBuildRequest(request)
      const ways = { start, fallBack: fallback === 'runtime' ? onRuntime : undefined }
      return buildOnce(request, ways, { signal, onEvents })
    })
  }

  #requireManagers(): BuildKitManagers {
    const support = this.support()
    if (support.supported) return requireManagers(support.feature, buildKitNeeds, this.#managers)
    const { feature, runtime, missing } = support
    throw new MissingCapabilityError({ feature, runtime, missing, reports: [this.#managers.report] })
  }
}
