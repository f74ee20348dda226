import {
  type ExecManager,
  execManagerCapability,
  type FeatureNeeds,
  type FeatureSupport,
  type ImageTransfer,
  imageTransferCapability,
  inject,
  injectable,
  MissingCapabilityError,
  type NetworkManager,
  networkManagerCapability,
  type Runtime,
  type RuntimeReport,
  runtimeCapability,
  runtimeReportCapability,
  type SidecarManager,
  sidecarManagerCapability,
  toFeatureSupport,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import type { BuildKitManagers } from './buildkit-managers.js'
import type { BuildKitOptions } from './buildkit-options.js'
import type { BuildKitSidecar } from './buildkit-sidecar.js'
import { startBuildKit } from './start/start-buildkit.js'

/** BuildKit in a sidecar, on any runtime that offers networks, sidecars and exec. */
@injectable()
export class BuildKitFeature {
  static readonly needs: FeatureNeeds = {
    required: [networkManagerCapability, sidecarManagerCapability, execManagerCapability],
    optional: [imageTransferCapability, volumeManagerCapability],
  }
  readonly #managers: BuildKitManagers | undefined
  readonly #report: RuntimeReport

  constructor(
    @inject(runtimeCapability.token) runtime: Runtime,
    @inject(runtimeReportCapability.token) report: RuntimeReport,
    @inject(networkManagerCapability.token, { isOptional: true }) networks: NetworkManager | undefined,
    @inject(sidecarManagerCapability.token, { isOptional: true }) sidecars: SidecarManager | undefined,
    @inject(execManagerCapability.token, { isOptional: true }) execs: ExecManager | undefined,
    @inject(imageTransferCapability.token, { isOptional: true }) images: ImageTransfer | undefined,
    @inject(volumeManagerCapability.token, { isOptional: true }) volumes: VolumeManager | undefined,
  ) {
    this.#report = report
    if (networks && sidecars && execs) this.#managers = { runtime, report, networks, sidecars, execs, images, volumes }
  }

  /** Whether it would start on this runtime; all that is missing, or lacking in detail, with reason and remedy. */
  support(): FeatureSupport {
    return toFeatureSupport('BuildKit', BuildKitFeature.needs, this.#report)
  }

  /**
   * Starts BuildKit and resolves when it has answered; on failure and abort what was made is undone.
   *
   * @throws MissingCapabilityError naming all that is missing, before anything is made.
   */
  async start(options: BuildKitOptions = {}): Promise<BuildKitSidecar> {
    const managers = this.#managers
    const support = this.support()
    if (managers === undefined || !support.supported) {
      const { feature, runtime } = support
      const missing = support.supported ? [] : support.missing
      throw new MissingCapabilityError({ feature, runtime, missing, reports: [this.#report] })
    }
    return startBuildKit(managers, options)
  }
}
