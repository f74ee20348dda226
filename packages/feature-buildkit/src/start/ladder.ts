import { createHostError, isHostError, type RuntimeReport, withUndoFailures } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildKitOptions } from '../buildkit-options.js'
import { rootlessLayout } from './layout.js'
import { type BuildKitPrivilege, listRefusedRungs, listRungs, type Rung } from './rungs.js'
import type { Settings } from './settings.js'

/** What came of one rung of the ladder of privilege. */
export interface RungVerdict {
  readonly privilege: BuildKitPrivilege
  /**
   * `runs`: BuildKit stands on it. `refused`: the runtime does not give the privilege. `no-image`: its image could not be
   * had. `ended`: the daemon ended at its start. `cannot-run`: BuildKit answers, but no RUN of a Dockerfile works.
   */
  readonly verdict: 'runs' | 'refused' | 'no-image' | 'ended' | 'cannot-run'
  /** Empty for `runs`. */
  readonly reason: string
}

/** Why a rung cannot be used; the next one is tried. */
export class RungFailure extends Error {
  readonly verdict: Exclude<RungVerdict['verdict'], 'runs'>
  /** What a caller gets where no other rung is left. */
  readonly error: unknown

  constructor(verdict: RungFailure['verdict'], error: unknown) {
    super(error instanceof Error ? error.message : String(error), { cause: error })
    this.verdict = verdict
    this.error = error
  }
}

/** A rung that is not passed over, and what a sidecar there runs. */
export interface OpenRung {
  readonly rung: Rung
  readonly image: string
}

/** The rungs of one start, in the order in which they are tried, and what came of each. */
export class Ladder {
  readonly #report: RuntimeReport
  readonly #rungs: readonly OpenRung[]
  readonly #onProgress: BuildKitOptions['onProgress'] | undefined
  readonly #failures = new Map<BuildKitPrivilege, RungFailure>()
  readonly #undoFailures: unknown[] = []

  constructor(
    { report }: Pick<BuildKitManagers, 'report'>,
    { image, rootlessImage }: Settings,
    onProgress: BuildKitOptions['onProgress'] | undefined,
  ) {
    this.#report = report
    this.#onProgress = onProgress
    this.#rungs = listRungs(report.available ? report.refuses : []).flatMap((rung) => {
      const its = rung.layout === rootlessLayout ? rootlessImage : image
      return its === undefined ? [] : [{ rung, image: its }]
    })
  }

  /** Those that are neither refused beforehand nor passed over. */
  get open(): readonly OpenRung[] {
    return this.#rungs.filter(({ rung }) => !this.isPassedOver(rung))
  }

  isPassedOver({ privilege }: Pick<Rung, 'privilege'>): boolean {
    return this.#failures.has(privilege)
  }

  /** From now on the rung is not tried any more. */
  passOver({ privilege }: Pick<Rung, 'privilege'>, failure: RungFailure, undoFailures: readonly unknown[] = []): void {
    this.#failures.set(privilege, failure)
    this.#undoFailures.push(...undoFailures)
    this.#onProgress?.({ id: 'buildkit', phase: 'passed-over', status: toReason(failure), privilege })
  }

  /** What came of each rung up to the one that BuildKit stands on, those included that were refused beforehand. */
  toVerdicts({ privilege }: Pick<Rung, 'privilege'>): readonly RungVerdict[] {
    return [...this.#listFailed(), { privilege, verdict: 'runs', reason: '' }]
  }

  /** Why no rung is left: the only failure itself, or one that tells of each rung. */
  toError(): unknown {
    const failures = [...this.#failures.values()]
    const noImage = failures.find(({ verdict }) => verdict === 'no-image')
    const [first] = failures
    const only = failures.length === 1 && first?.verdict !== 'cannot-run' ? first : undefined
    const cause = noImage ?? only
    return withUndoFailures(cause === undefined ? this.#toNoRung(first?.error) : cause.error, this.#undoFailures)
  }

  #toNoRung(cause: unknown): Error {
    const told = this.#listFailed().map(({ privilege, reason }) => `${privilege}: ${reason}`)
    const reason = told.length === 0 ? 'BuildKit starts on no rung of privilege' : told.join('; ')
    const facts = {
      runtime: this.#report.runtime,
      field: 'privileged',
      given: 'true',
      reason: this.#rungs.some(({ rung }) => rung.layout === rootlessLayout)
        ? reason
        : `${reason}; a rootlessImage may do`,
    } as const
    return createHostError('OPTION_UNSUPPORTED', facts, { cause })
  }

  #listFailed(): readonly RungVerdict[] {
    const refused = listRefusedRungs(this.#report.available ? this.#report.refuses : [])
    return [
      ...refused.map(({ privilege, reason }) => ({ privilege, verdict: 'refused' as const, reason })),
      ...[...this.#failures].map(([privilege, failure]) => {
        return { privilege, verdict: failure.verdict, reason: toReason(failure) }
      }),
    ]
  }
}

/** On one line, without the id of a sidecar that is gone. */
function toReason({ verdict, error, message }: RungFailure): string {
  const text = isHostError(error, 'OPERATION_FAILED') ? error.facts.reason : message
  const reason = text.replaceAll(/\s*\n\s*/g, ' ')
  return verdict === 'cannot-run' ? `BuildKit answers, but no RUN works: ${reason}` : reason
}
