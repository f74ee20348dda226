import { isHostError } from '@capstan/core'
import { createHostError, withUndoFailures } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import type { BuildKitOptions, BuildKitPrivilege } from '../buildkit-options.js'
import { findUnsupportedLevelOption, type PrivilegeLevel, privilegeLevels } from './privilege-levels.js'
import type { SidecarSettings } from './sidecar-settings.js'

/** The result of one privilege level. */
export interface PrivilegeLevelResult {
  readonly privilege: BuildKitPrivilege
  /**
   * `selected`: BuildKit uses this level. `refused`: the runtime does not support it. `image-unavailable`: its image cannot be
   * pulled. `daemon-exited`: the daemon exited at its start. `test-build-failed`: BuildKit answers, but the RUN instruction of
   * a test build failed.
   */
  readonly outcome: 'selected' | 'refused' | 'image-unavailable' | 'daemon-exited' | 'test-build-failed'
  /** Empty for `selected`. */
  readonly reason: string
}

/**
 * The start failed for a reason that depends on the privilege level. `cause` is the error at that level.
 * {@link PrivilegeSelection.toError} decides which error the start reports.
 */
export class PrivilegeLevelError extends Error {
  readonly outcome: Exclude<PrivilegeLevelResult['outcome'], 'selected'>

  constructor(outcome: PrivilegeLevelError['outcome'], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.outcome = outcome
  }
}

/** A privilege level that the runtime's report supports, and the image of its sidecar. */
export interface SupportedLevel {
  readonly level: PrivilegeLevel
  readonly image: string
}

/** The privilege levels of one start, in the order in which they are tried, with the result of each. */
export class PrivilegeSelection {
  readonly #runtime: string
  readonly #supported: SupportedLevel[] = []
  readonly #refused: PrivilegeLevelResult[] = []
  readonly #onProgress: BuildKitOptions['onProgress'] | undefined
  readonly #failures = new Map<BuildKitPrivilege, PrivilegeLevelError>()
  readonly #undoFailures: unknown[] = []

  constructor(
    { report }: Pick<BuildKitManagers, 'report'>,
    { image: rootImage, rootlessImage }: SidecarSettings,
    onProgress: BuildKitOptions['onProgress'] | undefined,
  ) {
    this.#runtime = report.runtime
    this.#onProgress = onProgress
    for (const level of privilegeLevels) {
      const { privilege } = level
      const unsupported = findUnsupportedLevelOption(level, report)
      const image = privilege === 'rootless' ? rootlessImage : rootImage
      if (unsupported !== undefined) this.#refused.push({ privilege, outcome: 'refused', reason: unsupported.reason })
      else if (image !== undefined) this.#supported.push({ level, image })
    }
  }

  /** The levels that can still be tried. */
  get remainingLevels(): readonly SupportedLevel[] {
    return this.#supported.filter(({ level }) => !this.isSkipped(level.privilege))
  }

  isSkipped(privilege: BuildKitPrivilege): boolean {
    return this.#failures.has(privilege)
  }

  /** Excludes the level from the rest of the start. */
  skip(privilege: BuildKitPrivilege, failure: PrivilegeLevelError, undoFailures: readonly unknown[] = []): void {
    this.#failures.set(privilege, failure)
    this.#undoFailures.push(...undoFailures)
    this.#onProgress?.({ id: 'buildkit', phase: 'skipped', status: toReason(failure), privilege })
  }

  /** Returns the results of the unsupported levels, of the skipped ones, and of the one that BuildKit uses. */
  toResults(privilege: BuildKitPrivilege): readonly PrivilegeLevelResult[] {
    return [...this.#listFailed(), { privilege, outcome: 'selected', reason: '' }]
  }

  /**
   * Returns the error to report when no level is left: that of the image if one could not be pulled; the failure if there is
   * only one and it is not that of a test build; otherwise OPTION_UNSUPPORTED with the reason of each level.
   */
  toError(): unknown {
    const failures = [...this.#failures.values()]
    const unavailable = failures.find(({ outcome }) => outcome === 'image-unavailable')
    const [first, ...others] = failures
    const only = others.length === 0 && first?.outcome !== 'test-build-failed' ? first : undefined
    const { cause } = unavailable ?? only ?? { cause: this.#toUnsupported(first?.cause) }
    return withUndoFailures(cause, this.#undoFailures)
  }

  #toUnsupported(cause: unknown): Error {
    const reasons = this.#listFailed().map(({ privilege, reason }) => `${privilege}: ${reason}`)
    const reason =
      reasons.length === 0 ? 'no privilege level can be tried with this image and runtime' : reasons.join('; ')
    const facts = {
      runtime: this.#runtime,
      field: 'privileged',
      given: 'true',
      reason,
      ...(this.#supported.some(({ level }) => level.privilege === 'rootless') ? {} : { remedy: rootlessRemedy }),
    } as const
    return createHostError('OPTION_UNSUPPORTED', facts, { cause })
  }

  #listFailed(): readonly PrivilegeLevelResult[] {
    const failed = [...this.#failures].map(([privilege, failure]) => {
      return { privilege, outcome: failure.outcome, reason: toReason(failure) }
    })
    return [...this.#refused, ...failed]
  }
}

const rootlessRemedy = 'set the option rootlessImage to a rootless BuildKit image'

/** Returns the reason in one line, without the id of the sidecar, which has been removed. */
function toReason({ outcome, cause, message }: PrivilegeLevelError): string {
  const text = isHostError(cause, 'OPERATION_FAILED') ? cause.facts.reason : message
  const reason = text.replaceAll(/\s*\n\s*/g, ' ')
  return outcome === 'test-build-failed' ? `BuildKit answers, but the RUN of a test build failed: ${reason}` : reason
}
